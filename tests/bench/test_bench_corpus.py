from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from bench_tools import make_fmt, write_tone

from nlac._errors import UnsupportedAudio, UsageError
from nlac.bench.corpus import Item, find_items, make_wav
from nlac.bench.wav import pcm_digest, pcm_pieces, read_wav_info, write_plain_wav


def test_without_a_manifest_sub_folders_are_categories(tmp_path: Path) -> None:
    write_tone(tmp_path / "top.wav")
    write_tone(tmp_path / "music" / "b.wav")
    write_tone(tmp_path / "music" / "deep" / "a.WAV")
    (tmp_path / "music" / "notes.txt").write_text("no audio")
    items = find_items(tmp_path)
    assert [(item.name, item.category) for item in items] == [
        ("music/b.wav", "music"),
        ("music/deep/a.WAV", "music"),
        ("top.wav", "all"),
    ]
    assert [item.name for item in find_items(tmp_path, categories=["all"])] == ["top.wav"]


def write_manifest(folder: Path, *rows: str) -> None:
    lines = ["file\tcategory\tsplit\tsha256", *rows]
    (folder / "MANIFEST.tsv").write_text("".join(line + "\n" for line in lines))


def test_a_manifest_tells_category_and_split(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav", "unlisted.wav"):
        write_tone(tmp_path / name)
    write_manifest(tmp_path, "b.wav\tspeech\ttest\t", 'a.wav\tsay "hi"\ttrain\t')
    assert [item.name for item in find_items(tmp_path)] == ["b.wav", "a.wav"]
    assert find_items(tmp_path)[1].category == 'say "hi"'
    assert [item.name for item in find_items(tmp_path, split="test")] == ["b.wav"]


def test_what_does_not_fit_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a folder"):
        find_items(tmp_path / "none")
    with pytest.raises(UsageError, match="no audio file"):
        find_items(tmp_path)
    write_tone(tmp_path / "a.wav")
    with pytest.raises(UsageError, match="MANIFEST"):
        find_items(tmp_path, split="test")
    with pytest.raises(UsageError, match="no category 'x'; known: all"):
        find_items(tmp_path, categories=["x"])
    write_manifest(tmp_path, "gone.wav\tx\ttest\t")
    with pytest.raises(UsageError, match=r"gone\.wav"):
        find_items(tmp_path)


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
@pytest.mark.parametrize("channels", [1, 3])
def test_wav_info_and_pieces(tmp_path: Path, bits: int, channels: int) -> None:
    path = tmp_path / "a.wav"
    pcm = write_tone(path, bits=bits, channels=channels, seconds=0.1)
    info = read_wav_info(path)
    assert (info.sample_rate, info.channels, info.bits) == (8000, channels, bits)
    assert info.seconds == pytest.approx(0.1)
    assert b"".join(pcm_pieces(path, info)) == pcm
    assert info.pcm_name == ("u8" if bits == 8 else f"s{bits}le")
    data, rate = soundfile.read(path, dtype="int32", always_2d=True)
    assert (rate, data.shape) == (8000, (800, channels))


def test_digest_sees_samples_and_format_only(tmp_path: Path) -> None:
    pcm = bytes(range(240))
    paths = [tmp_path / f"{i}.wav" for i in range(4)]
    write_plain_wav(paths[0], fmt=make_fmt(8000, 1, 16), data=[pcm])
    plain = paths[0].read_bytes()
    paths[1].write_bytes(plain[:12] + b"JUNK\3\0\0\0abc\0" + plain[12:] + b"LIST\0\0\0\0")
    write_plain_wav(paths[2], fmt=make_fmt(8001, 1, 16), data=[pcm])
    write_plain_wav(paths[3], fmt=make_fmt(8000, 1, 16), data=[pcm[:-1] + b"\0"])
    digests = [pcm_digest(path) for path in paths]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_make_wav_strips_chunks_and_partial_frames(tmp_path: Path) -> None:
    source = tmp_path / "s.wav"
    write_plain_wav(source, fmt=make_fmt(8000, 1, 24), data=[bytes(range(10))])
    source.write_bytes(source.read_bytes() + b"LIST\4\0\0\0abcd")
    made = make_wav(Item(source, "s.wav", "all"), tmp_path)
    expected = tmp_path / "e.wav"
    write_plain_wav(expected, fmt=make_fmt(8000, 1, 24), data=[bytes(range(9))])
    assert made.read_bytes() == expected.read_bytes()


@pytest.mark.parametrize(
    ("suffix", "subtype"),
    [(".flac", "PCM_16"), (".flac", "PCM_24"), (".aiff", "PCM_S8"), (".caf", "FLOAT")],
)
def test_make_wav_decodes_other_formats(tmp_path: Path, suffix: str, subtype: str) -> None:
    data = np.random.default_rng(2).integers(-128, 128, (500, 2)) / 128
    source = tmp_path / f"s{suffix}"
    soundfile.write(source, data, 22050, subtype)
    made = make_wav(Item(source, source.name, "all"), tmp_path)
    back, rate = soundfile.read(made)
    assert rate == 22050
    assert np.array_equal(back, data)


def test_flac_decodes_alike_with_and_without_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = np.random.default_rng(3).integers(-(1 << 23), 1 << 23, (500, 2)) * 256
    source = tmp_path / "s.flac"
    soundfile.write(source, data.astype(np.int32), 22050, "PCM_24")
    item = Item(source, "s.flac", "all")
    with_program = pcm_digest(make_wav(item, tmp_path))
    monkeypatch.setattr("nlac.bench.corpus.shutil.which", lambda program: None)
    assert pcm_digest(make_wav(item, tmp_path)) == with_program


@pytest.mark.parametrize("bits", [8, 16])
def test_samples_are_checked_against_the_manifest(tmp_path: Path, bits: int) -> None:
    pcm = write_tone(tmp_path / "a.wav", bits=bits)
    signed = bytes(byte ^ 0x80 for byte in pcm) if bits == 8 else pcm
    right = hashlib.sha256(signed).hexdigest()
    (tmp_path / "work").mkdir()
    make_wav(Item(tmp_path / "a.wav", "a.wav", "all", sha256=right), tmp_path / "work")
    with pytest.raises(UnsupportedAudio, match="manifest"):
        make_wav(Item(tmp_path / "a.wav", "a.wav", "all", sha256="0" * 64), tmp_path / "work")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFX" + bytes(40),
        b"RIFF\0\0\0\0WAVE",
        b"RIFF\0\0\0\0WAVEdata\4\0\0\0abcd",
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + make_fmt(8000, 1, 16, tag=2) + b"data\0\0\0\0",
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + make_fmt(0, 1, 16) + b"data\0\0\0\0",
    ],
)
def test_other_files_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(data)
    with pytest.raises(UnsupportedAudio, match=r"a\.wav"):
        read_wav_info(path)
