"""Files that change, fail or cannot be read, wrong streams, and a full disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from batch_tools import Trial

import nlac
from nlac._output import open_output


def test_a_source_that_changes_while_it_is_read_is_read_again(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = nlac.encode
    times = iter([5, 6])

    def encode_then(source: Any, *args: Any, **options: Any) -> nlac.EncodeResult:
        result = encode(source, *args, **options)
        if source.name.endswith("a.wav") and (stamp := next(times, None)):
            os.utime(source.name, ns=(stamp, stamp))
        return result

    monkeypatch.setattr(nlac, "encode", encode_then)
    assert trial.run().exit_codes == {0}
    (told,) = [record for record in trial.told if record.source == "a.wav"]
    assert (told.attempts, told.mtime_ns) == (3, 6)
    assert not list(trial.out.rglob("*.part"))


def test_failures_that_may_pass_are_retried_and_told(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    encode = nlac.encode
    monkeypatch.setattr(nlac, "encode", fail)
    report = trial.run(retries=1)
    assert report.exit_codes == {0, 1}
    told = {record.source: record for record in trial.told if record.state == "failed"}
    assert {source: record.attempts for source, record in told.items()} == {
        "a.wav": 2, "deep/b.wav": 2,
    }  # fmt: skip
    assert told["a.wav"].reason == "Input/output error"
    monkeypatch.setattr(nlac, "encode", encode)
    assert trial.run().counts["encoded"] == 2


def test_a_full_disk_ends_the_run_and_the_next_goes_on(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: str, **options: object) -> object:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    monkeypatch.setattr("nlac.batch.work.open_output", full)
    with pytest.raises(OSError, match="No space left"):
        trial.run()
    monkeypatch.setattr("nlac.batch.work.open_output", open_output)
    assert trial.run().exit_codes == {0}
    assert trial.check().counts["ok"] == 3


def test_a_wrong_stream_never_gets_its_name(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    decode = nlac.decode

    def decode_wrongly(source: Any, target: Any, **options: Any) -> nlac.DecodeResult:
        result = decode(source, target, **options)
        target.write(b"more")
        return result

    monkeypatch.setattr(nlac, "decode", decode_wrongly)
    report = trial.run()
    assert report.exit_codes == {0, 3}
    assert "does not give back" in str(trial.reasons()["a.wav"])
    assert not (trial.out / "a.wav.nlac").exists()
    assert not list(trial.out.rglob("*.part"))


def test_an_unreadable_folder_is_told_and_the_rest_is_done(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def refuse(path: Any) -> Any:
        if Path(path).name == "deep":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    report = trial.run()
    assert report.exit_codes == {0, 1}
    assert trial.reasons()["deep"] == "Permission denied"
    assert report.counts["encoded"] == 1
    monkeypatch.setattr(os, "scandir", scandir)
    assert trial.run().exit_codes == {0}
