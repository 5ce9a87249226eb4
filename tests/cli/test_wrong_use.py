"""What the command line makes of mistakes: nothing is lost, and the message helps."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_tools import wav_bytes
from click.testing import Result

Call = Callable[..., Result]


@pytest.fixture
def stream(call: Call, wav: Path) -> Path:
    assert call("encode", "-q", wav).exit_code == 0
    return wav.with_suffix(".nlac")


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


def test_nothing_is_begun_where_an_input_is_missing(call: Call, wav: Path, stream: Path) -> None:
    wav.write_bytes(b"precious")
    done = call("decode", "-f", "in.nlac", "y.nlac")
    assert done.exit_code == 1
    assert done.stderr == "nlac: error: y.nlac: No such file or directory\n"
    assert wav.read_bytes() == b"precious"
    done = call("encode", "a.wav", "in.wav", "b.wav", "-o", "out")
    assert done.exit_code == 1
    assert [line.split(": ")[2] for line in done.stderr.splitlines()] == ["a.wav", "b.wav"]
    assert not (wav.parent / "out").exists()


@pytest.mark.parametrize("command", [["encode"], ["decode"], ["info"], ["cue", "show"]])
def test_missing_inputs_are_told_in_json(call: Call, command: list[str]) -> None:
    done = call(*command, "--json", "a.x", "b.x", "c.x")
    assert (done.exit_code, done.stderr) == (1, "")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["file"] for each in told] == ["a.x", "b.x", "c.x"]
    for each in told:
        assert (each["ok"], each["exit_code"]) == (False, 1)
        assert (each["error"], each["message"]) == (
            "FileNotFoundError", "No such file or directory",
        )  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [
        ["tag", "set", "-T", "A=1"], ["tag", "clear"], ["cue", "import"], ["cue", "remove"],
        ["gain"], ["protect"], ["protect", "--remove"], ["repair"],
    ],
)  # fmt: skip
def test_urls_cannot_be_edited(
    call: Call, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    def fetched(url: str) -> None:
        raise AssertionError(f"{url} was fetched")

    for place in ("nlac._urls", "nlac.cli._files", "nlac._files"):
        monkeypatch.setattr(f"{place}.open_url", fetched)
    sheet = ["a.cue"] * (command == ["cue", "import"])
    done = call(*command, "https://host.invalid/a.nlac", *sheet)
    assert done.exit_code == 2
    assert "URLs can't be edited" in done.stderr


@pytest.mark.parametrize("output", ["out/x.nlac", "x.nlac", "x.wav", "x.FLAC"])
@pytest.mark.parametrize("command", ["encode", "decode"])
def test_several_inputs_need_a_folder(
    call: Call, wav: Path, stream: Path, command: str, output: str
) -> None:
    names = ["in.wav"] * 2 if command == "encode" else ["in.nlac"] * 2
    before = sorted(wav.parent.rglob("*"))
    done = call(command, *names, "-o", output)
    assert done.exit_code == 2
    expected = "foreign extension" if command == "encode" and output[-4:] != "nlac" else "insists"
    assert expected in done.stderr
    assert sorted(wav.parent.rglob("*")) == before


def test_a_folder_may_have_any_name(call: Call, wav: Path) -> None:
    assert call("encode", "-r", ".", "-o", "x.nlac/").exit_code == 0
    assert (wav.parent / "x.nlac" / "in.nlac").is_file()
    assert call("encode", "-f", "-r", ".", "-o", "x.nlac").exit_code == 0


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["encod", "in.wav"], "no such command: encod; did you mean encode?"),
        (["tets"], "no such command: tets; did you mean test?"),
        (["enc", "in.wav"], "no such command: enc; did you mean encode?"),
        (["model", "exprt"], "no such command: exprt; did you mean export?"),
        (["xyz"], "no such command: xyz; one of encode, decode, "),
        (["encode", "in.wav", "--presset", "max"], "no such option: --presset; did you mean --pre"),
        (["encode", "in.wav", "--preset", "mx"], "invalid value for '--preset'"),
        (["decode", "in.wav", "--until", "soon"], "'soon' is not a position"),
    ],
)
def test_mistyped_words(call: Call, args: list[str], message: str) -> None:
    done = call(*args)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.startswith("nlac: error: ")
    assert message in done.stderr
    assert done.stderr.endswith(" --help tells more)\n")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("args", [["test"], ["test", "--quick"], ["decode", "-o", "x.wav"]])
@pytest.mark.parametrize("name", ["in.wav", "text", "copy.nlac"])
def test_another_kind_of_file_is_not_damaged(
    call: Call, wav: Path, args: list[str], name: str
) -> None:
    content = {"in.wav": wav_bytes(), "text": b"words and words", "copy.nlac": wav_bytes()}[name]
    (wav.parent / name).write_bytes(content)
    done = call(*args, name)
    assert done.exit_code == 1
    assert f"{name}: " in done.output
    assert "not an nlac stream" in done.output
    assert "nlac encode makes " in done.output
    assert "but a WAV file" in done.output or name == "text"


def test_a_stream_with_a_damaged_beginning_is_damaged(call: Call, stream: Path) -> None:
    data = bytearray(stream.read_bytes())
    data[0] ^= 1
    stream.write_bytes(data)
    assert call("test", stream).exit_code == 3
    done = call("test", "--json", stream)
    assert json.loads(done.stdout)["exit_code"] == 3


def test_info_of_a_damaged_stream_does_not_take_it_for_audio(call: Call, stream: Path) -> None:
    stream.write_bytes(stream.read_bytes()[1:])
    done = call("info", stream)
    assert done.exit_code == 3
    assert done.stderr == f"nlac: error: {stream}: not an nlac stream\n"


def test_a_file_of_no_known_kind_may_be_raw(call: Call, tmp_path: Path) -> None:
    (tmp_path / "take.bin").write_bytes(bytes(range(99)))
    done = call("encode", "take.bin")
    assert done.exit_code == 1
    assert "tell their kind by --raw (rate, encoding, channels)\n" in done.stderr


@pytest.mark.parametrize("command", ["encode", "decode", "info", "test"])
def test_a_folder_is_told_like_other_errors(call: Call, tmp_path: Path, command: str) -> None:
    (tmp_path / "takes").mkdir()
    done = call(command, "takes")
    assert done.exit_code == 2
    assert done.stderr == "nlac: error: takes: is a folder; -r takes the files in it\n"


def test_info_takes_folders(call: Call, wav: Path, stream: Path) -> None:
    assert "-r" in call("info", ".").stderr
    done = call("info", "-r", "--json", ".")
    assert done.exit_code == 0
    files = [json.loads(line)["file"] for line in done.stdout.splitlines()]
    assert files == ["./in.nlac", "./in.wav"]


def test_v_tells_more(call: Call, wav: Path) -> None:
    done = call("encode", "-v", "--preset", "fast", "-j", "1", wav)
    assert "info: preset fast, predictor lpc, blocks of 30 s, entry points each " in done.stderr
    assert " s, coder auto, effort 0, " in done.stderr
    assert "verification on, 1 thread\n" in done.stderr
    assert "8000 Hz, 2 channels, 3000 frames, predictor lpc, " in done.stderr
    assert " s by the clock" in done.stderr
    for command in ("decode", "test"):
        done = call(command, "-v", "-j", "2", "in.nlac", *(["-f"] * (command == "decode")))
        assert done.exit_code == 0
        assert "1 block of up to " in done.stderr
        assert ", 2 threads\n" in done.stderr
    assert call("test", "in.nlac").stderr == ""
    assert not logging.getLogger("nlac").isEnabledFor(logging.INFO)
