"""Each command in this process: files, options, messages, exit codes."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_tools import wav_bytes
from click.testing import Result

from nlac.cli.main import COMMANDS

Call = Callable[..., Result]


@pytest.fixture
def stream(call: Call, wav: Path) -> Path:
    """``in.nlac`` of three blocks, encoded from ``in.wav``."""
    assert call("encode", "-q", "--block-seconds", 0.125, wav).exit_code == 0
    return wav.with_suffix(".nlac")


def damage(path: Path, share: float = 0.5) -> None:
    data = bytearray(path.read_bytes())
    data[int(len(data) * share)] ^= 0x10
    path.write_bytes(data)


def test_names(call: Call, tmp_path: Path, wav: Path) -> None:
    done = call("encode", "in.wav")
    assert done.exit_code == 0
    line = done.stdout
    assert line.startswith("in.wav -> in.nlac: ")
    for fact in (" %, ", " bits/sample, ", "x real time, ", "MD5 ", ", verified\n"):
        assert fact in line
    assert done.stderr == ""
    original = wav.read_bytes()
    wav.unlink()
    done = call("decode", "in.nlac")
    assert done.exit_code == 0
    assert "the original file, verified" in done.stdout
    assert wav.read_bytes() == original
    assert call("encode", "-q", "in.wav", "other.nlac").exit_code == 0
    assert (tmp_path / "other.nlac").read_bytes() == (tmp_path / "in.nlac").read_bytes()


def test_several_files_into_a_folder(call: Call, tmp_path: Path) -> None:
    for number, name in enumerate(("a.wav", "b.wav")):
        (tmp_path / name).write_bytes(wav_bytes(100, number))
    assert call("encode", "a.wav", "b.wav", "-o", "packed").exit_code == 0
    assert call("decode", "packed/a.nlac", "packed/b.nlac", "-o", "back").exit_code == 0
    for name in ("a.wav", "b.wav"):
        assert (tmp_path / "back" / name).read_bytes() == (tmp_path / name).read_bytes()


def test_folders(call: Call, tmp_path: Path) -> None:
    for name in ("top/a.wav", "top/deep/er/b.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(wav_bytes(100))
    assert call("encode", "-q", "-r", "top", "-o", "packed").exit_code == 0
    assert (tmp_path / "packed/deep/er/b.nlac").exists()
    assert call("test", "-r", "packed").stdout.count(": ok") == 2
    assert call("decode", "-q", "-r", "packed", "-o", "back").exit_code == 0
    assert (tmp_path / "back/deep/er/b.wav").read_bytes() == wav_bytes(100)
    done = call("encode", "-r", "back", "--include", "*.mp3")
    assert done.exit_code == 2
    assert "no file" in done.stderr


def test_nothing_is_overwritten_unless_forced(call: Call, wav: Path, stream: Path) -> None:
    before = stream.read_bytes()
    done = call("encode", wav, stream, "--block-seconds", "0.1")
    assert done.exit_code == 5
    assert "-f replaces it" in done.stderr
    assert stream.read_bytes() == before
    assert call("encode", "-f", wav, stream, "--block-seconds", "0.1").exit_code == 0
    assert stream.read_bytes() != before
    assert call("decode", stream).exit_code == 5
    assert call("decode", "-f", stream).exit_code == 0
    assert wav.read_bytes() == wav_bytes()


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (["encode"], "missing argument"),
        (["encode", "in.wav", "--presett", "max"], "--preset"),
        (["encode", "in.wav", "out.wav"], "foreign extension"),
        (["encode", "in.wav", "-o", "in.wav"], "foreign extension"),
        (["encode", "in.wav", "--suffix", ".flac"], "--suffix"),
        (["encode", "in.wav", "-T", "title"], "FIELD=VALUE"),
        (["encode", "in.wav", "--raw", "44100"], "RATE,ENCODING,CHANNELS"),
        (["encode", "in.wav", "--delete-input", "--no-verify"], "--no-verify"),
        (["encode", "in.wav", "-", "--delete-input"], "--delete-input"),
        (["encode", "in.wav", "in.wav", "in.wav", "-o", "-"], "several inputs"),
        (["encode", "-q", "-v", "in.wav"], "contradict"),
        (["encode", "in.wav", "x.nlac", "--effort", "1"], "lpc takes no effort"),
        (["encode", "in.wav", "--preset", "max", "--effort", "4"], "0<=x<=3"),
        (["decode", "in.nlac", "--skip", "1,5"], "mm:ss.fff"),
        (["decode", "in.nlac", "--skip", "100f", "--until", "50f", "-o", "x.wav"], "before --skip"),
        (["decode", "in.nlac", "-o", "in.nlac"], "input itself"),
        (["decode", "in.nlac", "-o", "x.ogg"], ".ogg is no format that can be written"),
        (["decode", "in.nlac", "-o", "x.wv", "--skip", "0:00"], ".wav .wave .bwf .rf64"),
        (["encode", "in.wav", "-o", "absent/x.nlac"], "folder absent does not exist"),
        (["bench", "nowhere"], "does not exist"),
        (["bench", ".", "-c", "zip"], "no codec 'zip'"),
        (["unknown"], "no such command"),
    ],
)
def test_wrong_use(call: Call, stream: Path, args: list[str], hint: str) -> None:
    done = call(*args)
    assert done.exit_code == 2
    assert hint in done.stderr
    assert done.stdout == ""


def test_one_bad_file_does_not_stop_the_others(call: Call, tmp_path: Path, wav: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"nothing like audio, whatever its name may tell")
    done = call("encode", "bad.wav", "in.wav", "-o", "out")
    assert done.exit_code == 1
    assert "nlac: error: bad.wav: " in done.stderr
    assert os.listdir(tmp_path / "out") == ["in.nlac"]


def test_the_gravest_code_counts(call: Call, tmp_path: Path, stream: Path) -> None:
    damaged = tmp_path / "damaged.nlac"
    damaged.write_bytes(stream.read_bytes())
    damage(damaged)
    # in.nlac would go to in.wav, which exists
    assert call("decode", "in.nlac").exit_code == 5
    (tmp_path / "text.nlac").write_bytes(b"RIFF but no more than this")
    assert call("decode", "in.nlac", "text.nlac").exit_code == 1
    assert call("decode", "damaged.nlac", "in.nlac", "text.nlac").exit_code == 3
    assert not (tmp_path / "damaged.wav").exists()


def test_what_is_missing_here(
    call: Call, wav: Path, stream: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    done = call("encode", wav, "-o", "x.nlac", "--device", "cuda")
    assert done.exit_code == 4
    assert "nlac[neural]" in done.stderr
    assert call("encode", wav, "-o", "x.nlac", "--predictor", "none").exit_code == 4
    data = bytearray(stream.read_bytes())
    data[4] = 99  # the version
    stream.write_bytes(data)
    assert call("decode", stream, "x.wav").exit_code == 4
    assert call("test", stream).exit_code == 4


@pytest.mark.parametrize("again", ["in.wav", "./in.wav"])
def test_an_input_that_is_named_twice(call: Call, wav: Path, again: str) -> None:
    """It is told before anything is encoded, even where outputs may be replaced."""
    done = call("encode", "-f", "in.wav", again)
    assert done.exit_code == 2
    assert f"{again} is named twice" in done.stderr
    assert not wav.with_suffix(".nlac").exists()


def test_two_inputs_of_one_name(call: Call, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.wav").write_bytes(wav_bytes(50))
    done = call("encode", "-f", "a/x.wav", "b/x.wav", "-o", "out")
    assert done.exit_code == 5
    assert "just written from a/x.wav" in done.stderr


def test_parts(call: Call, tmp_path: Path, stream: Path) -> None:
    def samples(*args: str) -> bytes:
        done = call("decode", "-q", "-f", stream, "x.raw", "--format", "raw", *args)
        assert done.exit_code == 0, done.stderr
        return (tmp_path / "x.raw").read_bytes()

    everything = wav_bytes()[44 : 44 + 3000 * 4]
    assert samples() == everything
    assert samples("--skip", "0:00.25") == everything[2000 * 4 :]
    assert samples("--until", "-500f") == everything[: 2500 * 4]
    assert samples("--skip", "100f", "--until", "+7f") == everything[100 * 4 : 107 * 4]
    assert samples("--skip", "3000f") == b""
    assert samples("--skip", "-0:00.125", "--until", "-0") == everything[2000 * 4 :]


def test_other_formats(call: Call, tmp_path: Path, stream: Path) -> None:
    import soundfile

    for name in ("x.flac", "x.aiff", "x.w64", "x.wav"):
        assert call("decode", stream, name).exit_code == 0
        samples, rate = soundfile.read(tmp_path / name, dtype="int16")
        assert rate == 8000
        assert samples.tobytes() == wav_bytes()[44 : 44 + 3000 * 4]
    assert (tmp_path / "x.wav").read_bytes() == wav_bytes()


def test_recover(call: Call, tmp_path: Path, stream: Path) -> None:
    damage(stream)
    done = call("decode", stream, "x.wav")
    assert done.exit_code == 3
    assert "block 1" in done.stderr
    assert not (tmp_path / "x.wav").exists()
    done = call("decode", "--recover", stream, "x.wav")
    assert done.exit_code == 3
    assert "frames 1000 to 1999 (0.125 s to 0.250 s)" in done.stderr
    good = wav_bytes()
    saved = (tmp_path / "x.wav").read_bytes()
    assert len(saved) == len(good)
    assert saved[: 44 + 4000] == good[: 44 + 4000]
    assert saved[44 + 4000 : 44 + 8000] == bytes(4000)
    assert saved[44 + 8000 :] == good[44 + 8000 :]


def test_test(call: Call, stream: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.nlac").write_bytes(stream.read_bytes())
    damage(tmp_path / "bad.nlac")
    for quick in ([], ["--quick"]):
        done = call("test", *quick, "in.nlac", "bad.nlac", "absent.nlac")
        assert done.exit_code == 3
        lines = done.stdout.splitlines()
        assert lines[0].startswith("in.nlac: ok")
        assert lines[1].startswith("bad.nlac: FAILED: ")
        assert "block 1" in lines[1]
        assert lines[2] == "absent.nlac: FAILED: No such file or directory"
        done = call("test", *quick, "--json", "in.nlac", "bad.nlac")
        good, bad = map(json.loads, done.stdout.splitlines())
        assert good["ok"]
        assert (bad["ok"], bad["block_index"], bad["first_frame"]) == (False, 1, 1000)
    done = call("test", "-q", "in.nlac", "bad.nlac")
    assert done.stdout == ""
    assert done.stderr.startswith("nlac: error: bad.nlac: FAILED")


def test_info(call: Call, wav: Path) -> None:
    assert call("encode", "-q", wav, "-T", "TITLE=Song", "-T", "title=Two").exit_code == 0
    done = call("info", "in.nlac", wav)
    assert done.exit_code == 0
    for fact in ("8000 Hz, 2 channels, 16 bits", "3,000 frames", "TITLE=Two", "byte for byte"):
        assert fact in done.stdout
    lines = call("info", "--json", "in.nlac", wav).stdout.splitlines()
    stream, audio = map(json.loads, lines)
    assert (stream["kind"], stream["tags"]) == ("nlac", {"TITLE": ["Song", "Two"]})
    assert (audio["kind"], audio["num_frames"], audio["container"]) == ("audio", 3000, "wav")
    assert call("info", "absent.nlac").exit_code == 1


def test_audio_only(call: Call, tmp_path: Path, wav: Path) -> None:
    import soundfile

    samples, rate = soundfile.read(wav, dtype="int16")
    soundfile.write(tmp_path / "a.caf", samples, rate, subtype="PCM_16")
    done = call("encode", "a.caf")
    assert done.exit_code == 1
    assert "--audio-only" in done.stderr
    done = call("encode", "a.caf", "--audio-only", "--delete-input")
    assert done.exit_code == 0
    assert "audio only" in done.stdout
    assert "a.caf is kept" in done.stderr
    assert (tmp_path / "a.caf").exists()
    assert call("encode", "in.wav", "b.nlac", "--strip-chunks").exit_code == 0
    assert call("decode", "-q", "b.nlac", "--format", "original").exit_code == 1
    assert call("decode", "-q", "b.nlac").exit_code == 0
    back, _ = soundfile.read(tmp_path / "b.wav", dtype="int16")
    assert back.tobytes() == samples.tobytes()


def test_flac(call: Call, tmp_path: Path, wav: Path) -> None:
    import soundfile

    samples, rate = soundfile.read(wav, dtype="int16")
    with soundfile.SoundFile(tmp_path / "a.flac", "w", rate, samples.shape[1], "PCM_16") as file:
        file.title = "Night train"
        file.write(samples)
    data = (tmp_path / "a.flac").read_bytes()
    assert "byte for byte" in call("info", "a.flac").stdout
    done = call("encode", "a.flac", "--delete-input")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "audio only" not in done.stdout
    assert "tag       TITLE=Night train" in call("info", "a.nlac").stdout
    assert call("decode", "a.nlac").exit_code == 0
    assert (tmp_path / "a.flac").read_bytes() == data
    done = call("encode", "a.flac", "b.nlac", "--no-exact")
    assert done.exit_code == 0
    assert "audio only" in done.stdout
    assert "warning" in done.stderr.lower()
    assert call("decode", "b.nlac").exit_code == 0
    assert soundfile.SoundFile(tmp_path / "b.flac").title == "Night train"
    # a frame with a wrong checksum: told, and the rest is kept
    (tmp_path / "c.flac").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    done = call("encode", "c.flac")
    assert done.exit_code == 0
    assert "the checksum of the FLAC frame at byte" in done.stderr
    assert "its audio and metadata blocks" in call("info", "c.flac").stdout


def test_a_stream_is_not_encoded_again(call: Call, stream: Path) -> None:
    done = call("encode", stream, "x.nlac")
    assert done.exit_code == 1
    assert "is an nlac stream already" in done.stderr


@pytest.mark.parametrize("suffix", ["ogg", "oga", "alac", "mp2", "dsf", "txt", "nlac", "2024"])
def test_other_extensions_need_a_format(call: Call, stream: Path, suffix: str) -> None:
    output = stream.with_name(f"out.{suffix}")
    assert call("decode", stream, "-o", output).exit_code == 2
    assert not output.exists()
    assert call("decode", stream, "-o", output, "--format", "wav").exit_code == 0
    assert output.read_bytes()[:4] == b"RIFF"


@pytest.mark.parametrize("name", ["out", "out.bwf", "out.WAVE"])
def test_names_of_the_original(call: Call, stream: Path, name: str) -> None:
    output = stream.with_name(name)
    assert call("decode", stream, "-o", output).exit_code == 0
    assert output.read_bytes() == wav_bytes()


def test_raw_samples_may_have_any_name(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.pcm").write_bytes(bytes(400))
    assert call("encode", "a.pcm", "--raw", "8000,s16le,1").exit_code == 0
    assert call("decode", "a.nlac", "-o", "a.dat").exit_code == 0
    assert (tmp_path / "a.dat").read_bytes() == bytes(400)


NAMES = {
    "C.WAV": "C.WAV",
    "d.bwf": "d.bwf",
    "e.wave": "e.wave",
    "f": "f",
    "g.take.2": "g.take.2",
    "h.音": "h.音",
    # names that no decoder may be told; they come back as .wav
    "i.a:b": "i.wav",
    "j." + "k" * 65: "j.wav",
    # a WAV file under a foreign name is no other file for that
    "l.flac": "l.flac",
    "m.mp3": "m.mp3",
}


def test_names_come_back_with_their_extension(call: Call, tmp_path: Path) -> None:
    for number, name in enumerate(NAMES):
        (tmp_path / name).write_bytes(wav_bytes(50, number))
    assert call("encode", "-q", *NAMES, "-o", "packed").exit_code == 0
    assert call("decode", "-q", "-r", "packed", "-o", "back").exit_code == 0
    assert sorted(os.listdir(tmp_path / "back")) == sorted(NAMES.values())
    for name, back in NAMES.items():
        assert (tmp_path / "back" / back).read_bytes() == (tmp_path / name).read_bytes()
    # a part of it, too, and what is asked for in so many words
    assert call("decode", "-q", "-r", "packed", "-o", "part", "--skip", "9f").exit_code == 0
    assert sorted(os.listdir(tmp_path / "part")) == sorted(NAMES.values())
    assert (tmp_path / "part" / "m.mp3").read_bytes()[:4] == b"RIFF"
    assert call("decode", "-q", "packed/C.nlac", "-o", "a/", "--format", "wav").exit_code == 0
    assert call("decode", "-q", "packed/C.nlac", "-o", "a/", "--format", "aiff").exit_code == 0
    assert sorted(os.listdir(tmp_path / "a")) == ["C.aiff", "C.wav"]


def test_names_that_differ_in_their_extension_only_are_told(call: Call, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number, name in enumerate(("x.wav", "x.wave")):
        (tmp_path / "in" / name).write_bytes(wav_bytes(50, number))
    done = call("encode", "-f", "-r", "in", "-o", "out")
    assert done.exit_code == 5
    assert "just written from in/x.wav" in done.stderr
    assert call("decode", "-q", "out/x.nlac").exit_code == 0
    assert (tmp_path / "out" / "x.wav").read_bytes() == wav_bytes(50, 0)


def test_raw_and_time_of_modification(call: Call, tmp_path: Path) -> None:
    raw = tmp_path / "take.pcm"
    raw.write_bytes(bytes(range(256)) * 6)
    os.utime(raw, (1_000_000_000, 1_000_000_000))
    assert call("encode", raw, "--raw", "48000,s24be,2").exit_code == 0
    stream = tmp_path / "take.nlac"
    assert stream.stat().st_mtime == 1_000_000_000
    assert call("decode", stream).exit_code == 5
    original = raw.read_bytes()
    raw.unlink()
    assert call("decode", stream, "--no-preserve-mtime").exit_code == 0
    back = tmp_path / "take.pcm"
    assert back.read_bytes() == original
    assert back.stat().st_mtime > 1_000_000_000


@pytest.mark.parametrize(
    "options",
    [
        ["--preset", "fast"],
        ["--coder", "rice"],
        ["--no-long-term"],
        ["--predictor", "lpc", "-j", "1"],
        ["--no-verify"],
        ["--device", "cpu"],
        ["--preset", "high", "--effort", "1"],
    ],
)
def test_options_of_the_encoder(call: Call, wav: Path, options: list[str]) -> None:
    done = call("encode", wav, *options)
    assert done.exit_code == 0
    assert ("not verified" in done.stdout) == (options == ["--no-verify"])
    assert call("decode", "-q", "-f", "in.nlac").exit_code == 0
    assert wav.read_bytes() == wav_bytes()


def test_sizes_that_lie(call: Call, tmp_path: Path) -> None:
    data = bytearray(wav_bytes(100))
    data[40:44] = bytes(4)
    (tmp_path / "a.wav").write_bytes(data)
    assert call("encode", "-q", "a.wav", "--ignore-sizes").exit_code == 0
    facts = json.loads(call("info", "--json", "a.nlac").stdout)
    assert facts["num_frames"] >= 100
    assert call("decode", "-q", "a.nlac", "b.wav").exit_code == 0
    assert (tmp_path / "b.wav").read_bytes() == data


def test_limits(call: Call, tmp_path: Path, wav: Path, stream: Path) -> None:
    for args in (["encode", wav, "-f"], ["decode", stream, "-f"], ["test", stream]):
        assert call(*args, "--memory", "2G").exit_code == 0
        done = call(*args, "--memory", "1.5k")
        assert done.exit_code == 1
        assert "MiB of memory; the limit is 0 MiB" in done.output
        done = call(*args, "--memory", "much")
        assert done.exit_code == 2
        assert "'much' is no size such as 500M or 2G" in done.output
    done = call("decode", stream, "small.wav", "--max-output", "10k")
    assert done.exit_code == 1
    assert "more than --max-output (10240)" in done.output
    assert not (tmp_path / "small.wav").exists()
    assert call("decode", stream, "small.wav", "--max-output", "12 KB").exit_code == 0


def test_environment_variables(call: Call, wav: Path) -> None:
    assert call("encode", wav, env={"NLAC_ENCODE_PRESET": "nonsense"}).exit_code == 2
    assert call("encode", wav, env={"NLAC_ENCODE_SUFFIX": ".packed"}).exit_code == 0
    assert wav.with_suffix(".packed").exists()


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples(call: Call, name: str) -> None:
    done = call(name, "--help")
    assert done.exit_code == 0
    assert f"Examples:\n    nlac {name}" in done.stdout


def test_version(call: Call) -> None:
    done = call("--version")
    assert (done.exit_code, done.stdout.split()[0]) == (0, "nlac")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(call: Call, shell: str) -> None:
    assert "_NLAC_COMPLETE" in call("completion", shell).stdout


def test_doctor(call: Call) -> None:
    done = call("doctor")
    assert done.exit_code == 0, done.stdout
    assert "self-test passed: 33 sample formats" in done.stdout
    assert call("doctor", "-q").stdout == ""
    report = json.loads(call("doctor", "--json").stdout)
    assert report["self_test"]["passed"]
    assert report["packages"]["numpy"]


def test_doctor_tells_what_fails(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    import nlac

    def fail(*args: Any, **extra: Any) -> None:
        raise ValueError("no luck")

    monkeypatch.setattr(nlac, "write", fail)
    done = call("doctor", "-q")
    assert done.exit_code == 1
    assert "32-bit float: ValueError: no luck" in done.stdout


def test_bench(call: Call, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "a.wav").write_bytes(wav_bytes(2000))
    outputs = ["--json", "out.json", "--report", "out.md"]
    done = call("bench", "corpus", "-c", "fast", *outputs)
    assert done.exit_code == 0, done.stderr
    assert "fast" in done.stdout
    assert json.loads((tmp_path / "out.json").read_text())["rows"]
    assert "# Benchmark" in (tmp_path / "out.md").read_text()
    assert call("bench", "corpus", "-c", "fast", *outputs).exit_code == 5
