"""Runs after runs: what is done again, what is kept, and who may work on an output."""

from __future__ import annotations

import os

import pytest
from batch_tools import Trial, wav_bytes

import nlac
from nlac._errors import OutputExists, UsageError
from nlac.batch.manifest import Busy, Manifest


def test_a_changed_source_is_encoded_again_with_update_only(trial: Trial) -> None:
    trial.run()
    (trial.root / "a.wav").write_bytes(wav_bytes(seed=7))
    os.utime(trial.root / "a.wav", ns=(1, 1))
    report = trial.run()
    assert report.exit_codes == {OutputExists.exit_code}
    assert "--update" in str(trial.reasons()["a.wav"])
    # what was stored before is still known
    assert trial.check().counts["ok"] == 3
    report = trial.run(update=True)
    assert (report.counts["encoded"], report.counts["unchanged"]) == (1, 2)
    trial.restore()
    assert (trial.back / "a.wav").read_bytes() == wav_bytes(seed=7)


def test_what_was_copied_and_has_not_changed_is_not_copied_again(trial: Trial) -> None:
    (trial.root / "broken.wav").write_bytes(b"no audio at all")
    assert trial.run().counts["copied"] == 2
    report = trial.run(update=True)
    assert (report.counts["copied"], report.counts["unchanged"]) == (0, 4)


@pytest.mark.parametrize("name", ["a.wav.nlac", "notes.txt"])
def test_a_lost_output_is_made_anew(trial: Trial, name: str) -> None:
    trial.run()
    (trial.out / name).unlink()
    assert trial.run().counts["unchanged"] == 2
    assert trial.check().exit_codes == {0}


def test_an_edited_output_is_proved_and_a_damaged_one_made_anew(trial: Trial) -> None:
    trial.run()
    stream = trial.out / "a.wav.nlac"
    tagged = trial.out / "tagged"
    nlac.encode(trial.root / "a.wav", tagged, tags={"TITLE": "a"}, preset="fast")
    os.replace(tagged, stream)
    assert trial.run().counts["proved"] == 1
    assert nlac.info(stream).tags == {"TITLE": ["a"]}
    stream.write_bytes(stream.read_bytes()[:-5])
    assert trial.run().counts["encoded"] == 1
    assert "made anew" in str(trial.reasons()["a.wav"])


@pytest.mark.parametrize("name", ["a.wav.nlac", "notes.txt"])
@pytest.mark.parametrize("update", [False, True])
def test_what_a_check_found_damaged_is_made_anew(trial: Trial, name: str, update: bool) -> None:
    """One byte differs, and the length does not."""
    trial.run()
    place = trial.out / name
    good = place.read_bytes()
    place.write_bytes(good[:-2] + bytes([good[-2] ^ 1]) + good[-1:])
    assert trial.run(update=update).counts["unchanged"] == 3
    report = trial.check()
    assert (report.counts["failed"], report.recorded) == (1, 1)
    (found,) = [event for event in trial.events() if event["event"] == "check"]
    assert (found["source"], found["state"]) == (name.removesuffix(".nlac"), "failed")
    assert found["reason"]
    assert trial.run(update=update).counts["unchanged"] == 2
    assert place.read_bytes() == good
    assert trial.check().exit_codes == {0}
    assert trial.run().counts["unchanged"] == 3


def test_what_was_repaired_after_a_check_is_kept(trial: Trial) -> None:
    trial.run()
    place = trial.out / "a.wav.nlac"
    good = place.read_bytes()
    for proof in (trial.check, trial.run):
        place.write_bytes(good[:-2] + b"x" + good[-1:])
        assert trial.check().recorded == 1
        place.write_bytes(good)
        assert proof().counts["encoded"] == 0
        assert trial.run().counts["unchanged"] == 3


def test_leftovers_of_a_killed_run_are_removed(trial: Trial) -> None:
    trial.run()
    left = trial.out / "deep/.b.wav.nlac.89abcdef.part"
    left.write_bytes(b"half")
    trial.run()
    assert not left.exists()


def test_two_batches_do_not_share_an_output(trial: Trial) -> None:
    trial.run()
    with Manifest(trial.out, writable=True):
        with pytest.raises(Busy, match="another batch"):
            trial.run()
        with pytest.raises(Busy):
            trial.check()
    assert trial.run().counts["unchanged"] == 3


def test_two_trees_do_not_share_an_output(trial: Trial) -> None:
    trial.run()
    trial.root = trial.root.rename(trial.root.with_name("elsewhere"))
    with pytest.raises(UsageError, match="--moved"):
        trial.run()
    assert trial.run(moved=True).counts["unchanged"] == 3
