"""Trees there and back: what becomes of files, folders, links and names."""

from __future__ import annotations

import os

import pytest
import soundfile
from batch_tools import LATIN, MANIFEST, Here, Trial, listing, wav_bytes

import nlac
from nlac._errors import OutputExists, UsageError
from nlac.batch.plan import Settings
from nlac.batch.run import run
from nlac.batch.selection import Selection


def test_a_tree_comes_back_with_names_times_folders_and_links(large: Trial) -> None:
    before = listing(large.root)
    report = large.run()
    assert report.exit_codes == {0}
    assert report.counts["encoded"] == 6
    assert report.counts["copied"] == 5
    assert listing(large.root) == before
    assert large.check().counts["ok"] == 11
    assert large.restore().exit_codes <= {0}
    assert listing(large.back) == before
    # again: everything is there
    assert set(large.restore() and large.reasons().values()) == {"there already"}


def test_outputs_are_called_like_their_sources(large: Trial) -> None:
    """x.wav, x.wave and a file that is called like the output of one: nothing collides."""
    large.run()
    names = set(os.listdir(large.out / "Émile & co"))
    assert names == {"x.wav~2.nlac", "x.wave.nlac", "x.wav.nlac", "notes.txt"}
    assert LATIN + ".nlac" in os.listdir(large.out)
    assert (large.out / "Émile & co/notes.txt").stat().st_mode & 0o777 == 0o600
    assert (large.out / "hollow/inner").is_dir()
    # what is called like a temporary file must not be taken for one by the next run
    before = listing(large.out)
    assert large.run().counts["unchanged"] == 11
    assert {k: v for k, v in listing(large.out).items() if k not in (".", MANIFEST)} == {
        k: v for k, v in before.items() if k not in (".", MANIFEST)
    }


def test_names_that_differ_in_case_only_where_that_makes_no_difference(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on disks of Windows and macOS: the second must not replace the first."""
    monkeypatch.setattr("nlac.batch.plan.folds_case", lambda out: True)
    (trial.root / "A.WAV").write_bytes(wav_bytes(seed=3))
    (trial.root / "Notes.txt").write_bytes(b"other")
    trial.run()
    names = {path.name for path in trial.out.iterdir()}
    assert names >= {"A.WAV.nlac", "a.wav~2.nlac", "Notes.txt", "notes.txt~2"}
    assert len({name.casefold() for name in names}) == len(names)
    trial.restore()
    assert listing(trial.back) == listing(trial.root)


def test_the_manifest_tells_all_of_a_file(trial: Trial) -> None:
    trial.run()
    (told,) = [event for event in trial.events() if event.get("output") == "a.wav.nlac"
               and event["event"] == "file"]  # fmt: skip
    source = trial.root / "a.wav"
    assert told["source"] == "a.wav"
    assert (told["size"], told["mtime_ns"]) == (source.stat().st_size, source.stat().st_mtime_ns)
    assert told["bytes"] == (trial.out / "a.wav.nlac").stat().st_size
    assert told["pcm_md5"] == nlac.info(trial.out / "a.wav.nlac").md5
    assert (told["predictor"], told["preset"], told["state"]) == ("lpc", "fast", "encoded")
    assert told["ratio"] == pytest.approx(told["bytes"] / told["size"], abs=1e-6)


def test_other_files_of_the_output_are_kept(trial: Trial) -> None:
    trial.out.mkdir()
    (trial.out / "a.wav.nlac").write_bytes(b"precious")
    report = trial.run()
    assert OutputExists.exit_code in report.exit_codes
    assert (trial.out / "a.wav.nlac").read_bytes() == b"precious"
    assert trial.run(force=True).counts["encoded"] == 1
    assert trial.check().exit_codes == {0}


def test_an_output_that_is_a_link_is_replaced_and_not_followed(trial: Trial) -> None:
    trial.out.mkdir()
    victim = trial.out.parent / "victim"
    victim.write_bytes(b"precious")
    (trial.out / "a.wav.nlac").symlink_to(victim)
    trial.run(force=True)
    assert victim.read_bytes() == b"precious"
    assert not (trial.out / "a.wav.nlac").is_symlink()


@pytest.mark.parametrize("others", ["copy", "link", "leave"])
def test_other_files_are_copied_linked_or_left(trial: Trial, others: str) -> None:
    (trial.root / "broken.wav").write_bytes(b"no audio at all")
    report = trial.run(others=others)
    state = {"copy": "copied", "link": "linked", "leave": "left"}[others]
    assert report.counts[state] == 2
    # a recording that is nowhere in the output is a failure, a text is not
    assert report.exit_codes == ({0, 1} if others == "leave" else {0})
    assert "format" in str(trial.reasons()["broken.wav"]).lower()
    if others == "link":
        assert os.path.samefile(trial.root / "notes.txt", trial.out / "notes.txt")
    if others != "leave":
        trial.restore()
        assert listing(trial.back) == listing(trial.root)


def test_files_of_which_only_the_audio_can_be_kept(trial: Trial) -> None:
    soundfile.write(trial.root / "c.caf", [0.0, 0.5, -0.5], 8000, subtype="PCM_16")
    assert trial.run().counts["copied"] == 2
    assert "audio_only" in str(trial.reasons()["c.caf"])
    assert trial.run(audio_only=True).counts["encoded"] == 1
    # the copy of before has gone, as the manifest says
    assert not (trial.out / "c.caf").exists()
    assert trial.check().counts["ok"] == 4
    trial.restore()
    assert soundfile.read(trial.back / "c.caf")[0].tolist() == [0.0, 0.5, -0.5]


def test_trees_that_lie_in_each_other(trial: Trial) -> None:
    outer = trial.out
    trial.out = trial.root / "packed"
    trial.run()
    assert trial.run().counts["unchanged"] == 3
    root = trial.root
    trial.root, trial.out = trial.out, outer
    with pytest.raises(UsageError, match="is the output of a batch"):
        trial.run()
    trial.root, trial.out = root, root.parent
    with pytest.raises(UsageError, match="lies in the output"):
        trial.run()


def test_progress_reaches_the_sums(trial: Trial) -> None:
    seen: list[tuple[int, ...]] = []
    settings = Settings(trial.root, trial.out, {"preset": "fast"})
    run(settings, Selection(trial.root, trial.out), Here(), on_progress=lambda *x: seen.append(x))
    size = sum(path.stat().st_size for path in trial.root.rglob("*") if path.is_file())
    assert seen[0] == (0, 0, size, 3)
    assert seen[-1] == (size, 3, size, 3)
