"""Sources are deleted when they are proved to be in the output, and not before."""

from __future__ import annotations

import os
from typing import Any

import pytest
from batch_tools import Trial, listing, wav_bytes

from nlac._errors import OutputExists
from nlac.batch.manifest import Manifest


def test_sources_are_deleted_once_they_are_proved(trial: Trial) -> None:
    before = listing(trial.root)
    assert trial.run(delete_source=True).counts["deleted"] == 3
    assert [path for path in trial.root.rglob("*") if path.is_file()] == []
    assert trial.run(delete_source=True).exit_codes <= {0}
    trial.restore()
    assert listing(trial.back) == before


def test_sources_of_earlier_runs_are_deleted_after_a_new_proof(trial: Trial) -> None:
    trial.run()
    (trial.out / "a.wav.nlac").write_bytes(b"damaged")
    status = (trial.root / "deep/b.wav").stat()
    (trial.root / "deep/b.wav").write_bytes(wav_bytes(seed=9))
    os.utime(trial.root / "deep/b.wav", ns=(status.st_atime_ns, status.st_mtime_ns))
    report = trial.run(delete_source=True)
    # one stream was damaged, and one source differs though size and time are the same
    assert (report.counts["encoded"], report.counts["deleted"]) == (1, 2)
    assert os.listdir(trial.root / "deep") == ["b.wav"]
    assert OutputExists.exit_code in report.exit_codes
    assert trial.check().exit_codes == {0}


@pytest.mark.parametrize("change", ["longer", "later", "replaced"])
def test_a_source_that_was_written_to_is_not_deleted(
    trial: Trial, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    source = trial.root / "a.wav"
    status = source.stat()
    append = Manifest.append

    def append_then(self: Manifest, *events: Any) -> None:
        append(self, *events)
        if any(event["event"] == "file" and event["source"] == "a.wav" for event in events):
            if change == "longer":
                source.write_bytes(wav_bytes() + b"more")
            elif change == "replaced":
                source.with_name("new").write_bytes(wav_bytes(seed=8))
                os.replace(source.with_name("new"), source)
            later = change == "later"
            os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns + later))

    monkeypatch.setattr(Manifest, "append", append_then)
    assert trial.run(delete_source=True).counts["deleted"] == 2
    assert source.exists()
