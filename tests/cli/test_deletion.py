"""--delete-input deletes the very file that was read, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_tools import wav_bytes
from click.testing import Result

import nlac

Call = Callable[..., Result]


@pytest.fixture
def afterwards(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Arrange for something to happen between the reading of an input and its deletion."""
    encode = nlac.encode

    def arrange(happen: Callable[[], object]) -> None:
        def encode_then(*args: Any, **options: Any) -> nlac.EncodeResult:
            result = encode(*args, **options)
            happen()
            return result

        monkeypatch.setattr(nlac, "encode", encode_then)

    return arrange


def test_the_input_is_deleted(call: Call, wav: Path) -> None:
    done = call("encode", "-v", "--delete-input", wav)
    assert done.exit_code == 0
    assert "deleted" in done.stderr
    assert not wav.exists()
    assert call("decode", "in.nlac").exit_code == 0
    assert wav.read_bytes() == wav_bytes()


def test_another_file_under_the_name_is_kept(
    call: Call, wav: Path, afterwards: Callable[..., None]
) -> None:
    other = wav.with_name("other.wav")
    other.write_bytes(wav_bytes(seed=2))
    os.utime(other, ns=(wav.stat().st_atime_ns, wav.stat().st_mtime_ns))
    afterwards(lambda: os.replace(other, wav))
    done = call("encode", "--delete-input", wav)
    assert done.exit_code == 0
    assert "in.wav is kept, for it is no longer the file that was read" in done.stderr
    assert wav.read_bytes() == wav_bytes(seed=2)


@pytest.mark.parametrize("change", ["longer", "later", "gone"])
def test_a_changed_input_is_kept(
    call: Call, wav: Path, afterwards: Callable[..., None], change: str
) -> None:
    status = wav.stat()

    def happen() -> None:
        if change == "longer":
            with open(wav, "ab") as file:
                file.write(b"more")
            os.utime(wav, ns=(status.st_atime_ns, status.st_mtime_ns))
        elif change == "later":
            os.utime(wav, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
        else:
            wav.unlink()

    afterwards(happen)
    done = call("encode", "--delete-input", wav)
    assert done.exit_code == 0
    assert "is kept" in done.stderr
    assert wav.exists() == (change != "gone")


def test_a_symbolic_link_and_its_target_are_kept(call: Call, wav: Path) -> None:
    link = wav.with_name("link.wav")
    link.symlink_to(wav)
    done = call("encode", "--delete-input", "link.wav")
    assert done.exit_code == 0
    assert "link.wav is kept, for it is a link" in done.stderr
    assert link.is_symlink()
    assert wav.read_bytes() == wav_bytes()


def test_every_name_of_a_file_with_several_goes_once_it_was_encoded(call: Call, wav: Path) -> None:
    second, third = wav.with_name("second.wav"), wav.with_name("third.wav")
    second.hardlink_to(wav)
    third.hardlink_to(wav)
    assert call("encode", "-q", "--delete-input", "in.wav", "second.wav").exit_code == 0
    assert not wav.exists()
    assert not second.exists()
    assert third.read_bytes() == wav_bytes()


def test_the_folder_is_synced_before_the_input_goes(
    call: Call, wav: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    sync, unlink = os.fsync, os.unlink

    def note_sync(descriptor: int) -> None:
        events.append("folder" if os.path.isdir(descriptor) else "file")
        sync(descriptor)

    def note_unlink(path: Any, **options: Any) -> None:
        if str(path).endswith("in.wav"):
            events.append("unlink")
        unlink(path, **options)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "unlink", note_unlink)
    assert call("encode", "-q", "--delete-input", wav).exit_code == 0
    assert events == ["file", "folder", "unlink"]


def test_an_input_is_kept_when_its_folder_cannot_be_synced(
    call: Call, wav: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: Path) -> None:
        raise OSError(5, "Input/output error", str(folder))

    monkeypatch.setattr("nlac.cli._deletion.sync_folder", fail)
    assert call("encode", "-q", "--delete-input", wav).exit_code == 1
    assert wav.exists()
