"""Where outputs go, what they are called, and what is never overwritten."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_tools import wav_bytes
from click.testing import Result

Call = Callable[..., Result]


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
