"""Each command in this process: what it makes of files and options, and what it tells."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_tools import damage, wav_bytes
from click.testing import Result

from nlac.cli.main import COMMANDS

Call = Callable[..., Result]


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
