"""``nlac protect`` and ``nlac repair``; what ``test`` and ``info`` tell of parity and damage."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Call = Callable[..., Result]


@pytest.fixture
def stream(call: Call, wav: Path) -> Path:
    """``in.nlac`` of three blocks with parity, of a time long ago."""
    options = ["-q", "--preset", "fast", "--block-seconds", 0.125, "--protect", "5%"]
    done = call("encode", *options, wav)
    assert done.exit_code == 0, done.output
    path = wav.with_suffix(".nlac")
    os.utime(path, (10**9, 10**9))
    return path


def damage(path: Path, place: int, number: int = 1) -> bytes:
    data = bytearray(path.read_bytes())
    for at in range(place, place + number):
        data[at] ^= 0x10
    path.write_bytes(data)
    return bytes(data)


def facts(done: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_protect_test_and_info(call: Call, wav: Path, stream: Path) -> None:
    assert call("test", stream).stdout.rstrip().endswith(", parity)")
    assert call("test", "--quick", stream).stdout == f"{stream}: ok (checksums, parity)\n"
    text = call("info", stream).stdout
    assert "\n  parity    " in text
    assert " damaged bytes in a row" in text
    told = facts(call("info", "--json", stream))["parity"]
    assert told["num_bytes"] > 0.05 * (stream.stat().st_size - told["num_bytes"])
    assert call("protect", "--amount", "5%", stream).stdout == f"{stream}: nothing to do\n"
    whole = stream.read_bytes()
    done = call("protect", "--json", "--amount", "10", stream)
    assert facts(done)["parity"]["num_bytes"] > told["num_bytes"]
    assert stream.stat().st_mtime == 10**9
    assert call("protect", "--remove", stream).exit_code == 0
    assert facts(call("info", "--json", stream))["parity"] is None
    assert call("test", stream).stdout.count("parity") == 0
    assert call("protect", "--amount", "5%", stream, "-o", "out/").exit_code == 0
    assert Path("out/in.nlac").read_bytes() == whole
    assert call("protect", stream, "-o", "out/").exit_code == 5


def test_stronger_parity_is_kept_unless_an_amount_is_given(call: Call, stream: Path) -> None:
    before = stream.read_bytes()
    done = call("protect", stream)
    assert " % is kept; --amount replaces it\n" in done.stdout
    assert facts(call("protect", "--json", stream))["skipped"] == "unchanged"
    assert call("protect", stream, "-o", "copy.nlac").exit_code == 0
    assert stream.read_bytes() == before == Path("copy.nlac").read_bytes()
    assert call("protect", "--amount", "2%", stream).exit_code == 0
    assert stream.stat().st_size < len(before)
    # less than the default is replaced
    assert call("protect", "--amount", "1%", stream).exit_code == 0
    assert "bytes of parity" in call("protect", stream).stdout


def test_complaint_13_where_the_damage_is(call: Call, stream: Path) -> None:
    """Complaint: "Let `flac` signal location of errors"; and whether it can be repaired."""
    size = stream.stat().st_size
    damage(stream, size // 3)
    done = call("test", stream)
    assert done.exit_code == 3
    assert "block 1, frame 1000, 0.125 s" in done.stdout
    assert "; nlac repair can restore it\n" in done.stdout
    told = facts(call("test", "--json", "--quick", stream))
    assert told["parity"] == "repairable"
    assert told["block_index"] == 1
    damage(stream, size // 4, size // 5)
    told = facts(call("test", "--json", stream))
    assert told["parity"] == "not repairable"
    assert "nlac decode --recover saves the rest" in call("test", stream).stdout


def test_complaint_13_ends_and_beginnings(call: Call, stream: Path) -> None:
    """Complaint: "Let `flac` signal location of errors"; where a stream does not begin or end."""
    assert call("protect", "-q", "--remove", stream).exit_code == 0
    whole = stream.read_bytes()
    for data, text in [
        (b"\0" * 20 + whole[20:], "the header is damaged or missing"),
        (b"foreign" + whole, "other bytes precede it"),
        (whole + b"x", f"bytes follow the trailer (at byte {len(whole)})"),
        (whole[:-1], "stream ends early (at byte"),
        (whole[: whole.index(b"\xa5nlT")], "stream ends without its trailer (at byte"),
    ]:
        stream.write_bytes(data)
        for options in ([], ["--quick"]):
            done = call("test", *options, stream)
            assert done.exit_code == 3
            assert text in done.stdout


def test_repair(call: Call, stream: Path) -> None:
    whole = stream.read_bytes()
    bad = damage(stream, len(whole) // 3, 20)
    done = call("repair", "-n", stream)
    assert done.exit_code == 3
    assert "could be repaired" in done.stdout
    assert stream.read_bytes() == bad
    done = call("repair", "-v", stream)
    assert done.exit_code == 0
    assert "20 bytes in 1 place (block 1, 0.125 to 0.250 s)" in done.stdout
    assert f"the damaged file is {stream}.damaged" in done.stdout
    first = len(whole) // 3
    assert f"bytes {first} to {first + 19} (block 1" in done.stderr
    assert stream.read_bytes() == whole
    assert Path(f"{stream}.damaged").read_bytes() == bad
    assert call("repair", stream).stdout == f"{stream}: is intact\n"
    damage(stream, 3)
    assert call("repair", stream).exit_code == 5
    assert call("repair", "--no-keep", stream).exit_code == 0
    assert stream.read_bytes() == whole
    damage(stream, 3)
    assert facts(call("repair", "--json", stream, "-o", "whole.nlac"))["repaired_bytes"] == 1
    assert Path("whole.nlac").read_bytes() == whole


def test_complaint_14_nothing_is_written_unless_it_is_proved(call: Call, stream: Path) -> None:
    """Complaint: truncated and empty outputs; of a failed repair nothing is left behind."""
    bad = damage(stream, 300, stream.stat().st_size // 3)
    before = sorted(Path.cwd().iterdir())
    done = call("repair", stream)
    assert done.exit_code == 3
    assert "more damage than the parity repairs" in done.stderr
    assert "block 0, frame 0, 0.000 s" in done.stderr
    assert call("repair", stream, "-o", "whole.nlac").exit_code == 3
    assert call("protect", stream).exit_code == 3
    assert sorted(Path.cwd().iterdir()) == before
    assert stream.read_bytes() == bad
    done = call("repair", "--partial", stream, "-o", "some.nlac")
    assert done.exit_code == 3
    assert "are left damaged (block" in done.stderr
    assert Path("some.nlac").is_file()


def test_files_without_parity_and_other_files(call: Call, wav: Path, stream: Path) -> None:
    assert call("protect", "-q", "--remove", stream).exit_code == 0
    assert call("repair", stream).exit_code == 0
    damage(stream, 1000)
    done = call("repair", stream)
    assert done.exit_code == 3
    assert "no parity was found" in done.stderr
    assert call("protect", wav).exit_code == 1
    assert call("repair", wav).exit_code == 3
    assert call("protect", "absent.nlac").exit_code == 1
    assert call("repair", "absent.nlac").exit_code == 1


@pytest.mark.parametrize("amount", ["0.5%", "21", "much", "-2%"])
@pytest.mark.parametrize("command", [["protect", "--amount"], ["encode", "--protect"]])
def test_amounts_that_are_none(call: Call, stream: Path, command: list[str], amount: str) -> None:
    done = call(*command, amount, stream)
    assert done.exit_code == 2
    assert "no amount from 1% to 20%" in done.stderr


def test_pipes(call: Call, wav: Path, stream: Path) -> None:
    whole = stream.read_bytes()
    bad = damage(stream, 500)
    done = call("repair", "-", "-o", "-", input=bad)
    assert done.exit_code == 0
    assert done.stdout_bytes == whole
    assert call("repair", "-", input=bad).exit_code == 2
    assert call("protect", "-", input=whole).exit_code == 2
    options = ["--preset", "fast", "--block-seconds", 0.125, "--protect", "5%"]
    assert call("encode", *options, wav, "-").stdout_bytes == whole


def test_folders(call: Call, stream: Path) -> None:
    Path("deep/er").mkdir(parents=True)
    whole = stream.read_bytes()
    for name in ("deep/a.nlac", "deep/er/b.nlac"):
        Path(name).write_bytes(whole)
    damage(Path("deep/er/b.nlac"), 2000)
    done = call("repair", "-r", "deep")
    assert done.exit_code == 0
    assert "2 files: 1 repaired, 1 skipped" in done.stdout
    assert Path("deep/er/b.nlac").read_bytes() == whole
    done = call("protect", "-r", "deep", "--amount", "5%")
    assert "2 files: 2 skipped" in done.stdout
