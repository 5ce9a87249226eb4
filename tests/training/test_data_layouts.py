"""Datasets: which recordings are found, with which splits and labels."""

from __future__ import annotations

from pathlib import Path

import pytest
from data_tools import librispeech, nsynth, put, tone, vctk

from nlac._errors import UsageError
from nlac.training.data.layouts import Source
from nlac.training.data.sources import find_sources
from nlac.training.data.splits import divide


def by_name(*folders) -> dict[str, Source]:
    return {source.name: source for source in find_sources(folders)}


@pytest.mark.parametrize("where", ["", "LibriSpeech"])
def test_librispeech(tmp_path, where):
    librispeech(tmp_path)
    found = by_name(tmp_path / where)
    prefix = "" if where else "LibriSpeech/"
    first = found[f"{prefix}train-clean-100/103/1240/103-1240-0001.flac"]
    assert first.labels == {
        "speaker": "103", "chapter": "1240", "utterance": "0001", "gender": "F",
        "text": "WORDS OF 103-1240-0001",
    }  # fmt: skip
    assert first.licence == "CC-BY-4.0"
    assert [source.split for source in found.values()] == 2 * ["valid"] + 2 * ["test"] + 2 * [
        "train"
    ]
    assert "gender" not in found[f"{prefix}dev-other/116/1240/116-1240-0000.flac"].labels
    # the layout's own splits stay, whatever was asked for
    assert divide(list(found.values()), 0, 0.4, 0.4) == [s.split for s in found.values()]


def test_part_of_librispeech(tmp_path):
    root = librispeech(tmp_path)
    found = by_name(root / "test-clean")
    assert {source.split for source in found.values()} == {"test"}
    assert set(found) == {f"61/1240/61-1240-000{k}.flac" for k in (0, 1)}


def test_vctk(tmp_path):
    found = by_name(vctk(tmp_path))
    assert len(found) == 30
    both = [found[f"wav48_silence_trimmed/p225/p225_002_mic{mic}.flac"] for mic in (1, 2)]
    assert both[0].labels == {
        "speaker": "p225", "gender": "F", "accent": "English", "microphone": "mic1",
        "text": "Please call p225_002.",
    }  # fmt: skip
    assert found["wav48_silence_trimmed/p226/p226_001_mic1.flac"].labels["gender"] == "M"
    assert "text" not in found["wav48_silence_trimmed/p315/p315_001_mic1.flac"].labels
    # both microphones of an utterance are in one split, whatever the seed
    for seed in range(20):
        splits = dict(zip(found, divide(list(found.values()), seed, 0.2, 0.2), strict=True))
        assert set(splits.values()) == {"train", "valid", "test"}
        for name in found:
            assert splits[name] == splits[name.replace("mic1", "mic2")]
    # and none of a speaker's in another, if asked for
    splits = divide(list(found.values()), 3, 0.3, 0.3, by="speaker")
    of = {(s.labels["speaker"], split) for s, split in zip(found.values(), splits, strict=True)}
    assert len(of) == 3
    assert {split for _, split in of} == {"train", "valid", "test"}


def test_nsynth(tmp_path):
    found = by_name(nsynth(tmp_path))
    note = found["nsynth-valid/audio/bass_synthetic_001-041-100.wav"]
    assert note.split == "valid"
    assert note.labels == {
        "instrument": "bass_synthetic_001", "family": "bass", "source": "synthetic", "pitch": 41,
        "velocity": 100,
    }  # fmt: skip
    assert [source.split for source in found.values()] == ["train"] * 2 + ["valid"] * 2


def test_manifest(tmp_path):
    for name in ("a.wav", "b.wav", "c.wav"):
        put(tmp_path / "set" / name, tone(1))
    manifest = tmp_path / "set" / "MANIFEST.tsv"
    manifest.write_text(
        "file\tcategory\tsplit\tlicence\tmood\tnote\n"
        "a.wav\tmusic\ttrain\tCC0\tsad\tx\nb.wav\tspeech\tdev\tMIT\t\ty\nc.wav\t\t\t\t\t\n"
    )
    a, b, c = find_sources([tmp_path])
    assert (a.name, a.split, a.licence) == ("set/a.wav", "train", "CC0")
    assert a.labels == {"category": "music", "mood": "sad"}
    assert (b.split, b.labels, c.split, c.labels) == ("valid", {"category": "speech"}, "", {})
    for text, message in (
        ("name\na.wav\n", "lacks the column 'file'"),
        ("file\nd.wav\n", "names d.wav, which does not exist"),
        ("file\tsplit\na.wav\tspare\n", "split 'spare'"),
    ):
        manifest.write_text(text)
        with pytest.raises(UsageError, match=message):
            find_sources([tmp_path])


def test_layouts_lie_anywhere_and_mix_with_plain_folders(tmp_path):
    librispeech(tmp_path / "all")
    nsynth(tmp_path / "all" / "music")
    put(tmp_path / "all" / "rock" / "deep" / "one.WAV", tone(1))
    put(tmp_path / "all" / "two.flac", tone(2))
    (tmp_path / "all" / "rock" / "._one.wav").write_bytes(b"\0\5\x16\7")
    (tmp_path / "all" / "rock" / "cover.jpg").write_bytes(b"x")
    (tmp_path / "all" / "rock" / "LICENSE").write_text("CC0")
    found = by_name(tmp_path / "all")
    assert len(found) == 6 + 4 + 2
    one = found["rock/deep/one.WAV"]
    assert (one.labels, one.licence, one.split) == ({"category": "rock"}, "CC0-1.0", "")
    assert found["two.flac"].labels == {}
    assert found["two.flac"].licence == ""


def test_files_and_what_is_wrong_with_them(tmp_path):
    a = put(tmp_path / "x" / "a.wav", tone(1))
    put(tmp_path / "y" / "a.wav", tone(2))
    (tmp_path / "empty").mkdir()
    assert [source.name for source in find_sources([a])] == ["a.wav"]
    for given, message in (
        ([tmp_path / "none"], "does not exist"),
        ([tmp_path / "empty"], "no audio file was found"),
        ([tmp_path / "x", tmp_path / "y"], "would both be called a.wav"),
    ):
        with pytest.raises(UsageError, match=message):
            find_sources(given)
    root = nsynth(tmp_path) / "nsynth-train"
    examples = root / "examples.json"
    for text, message in (
        ("{", "examples.json"),
        ("[]", "an object of notes"),
        ('{"gone": {}}', "there is no"),
        ('{"bass_synthetic_000-040-100": {"pitch": 40}}', "lacks instrument_str"),
    ):
        examples.write_text(text)
        with pytest.raises(UsageError, match=message):
            find_sources([root])
    wrong = vctk(tmp_path)
    put(wrong / "wav48_silence_trimmed" / "p1" / "hello.wav", tone(1))
    with pytest.raises(UsageError, match=r"hello\.wav is not named SPEAKER_UTTERANCE"):
        find_sources([wrong])


def sources(count: int, split: str = "") -> list[Source]:
    return [Source(Path(f"{i}.wav"), f"{i}.wav", f"{i}", split) for i in range(count)]


def test_the_seed_divides():
    many = sources(1000)
    first = divide(many, 0, 0.1, 0.2)
    assert divide(many, 0, 0.1, 0.2) == first
    assert divide(many, 1, 0.1, 0.2) != first
    assert 70 <= first.count("valid") <= 130
    assert 160 <= first.count("test") <= 240
    # a recording keeps its place when others come
    assert divide(many[:500], 0, 0.1, 0.2) == first[:500]
    # few recordings: no split that was asked for is empty
    for seed in range(30):
        assert set(divide(sources(3), seed, 0.1, 0.1)) == {"train", "valid", "test"}
        assert set(divide(sources(3), seed, 0.0, 0.0)) == {"train"}
        # what the layout has already is not asked for twice
        mixed = divide(sources(2) + sources(9, "valid")[2:], seed, 0.1, 0.0)
        assert mixed[2:] == ["valid"] * 7
        assert "train" in mixed[:2]
    with pytest.raises(UsageError, match="together 0 to below 1"):
        divide(many, 0, 0.5, 0.5)
    with pytest.raises(UsageError, match=r"0\.wav has no label 'speaker'"):
        divide(many, 0, 0.1, 0.1, by="speaker")
