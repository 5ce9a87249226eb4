"""Trees there and back, runs after runs, and files that change, fail or are in the way."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
import soundfile
from batch_tools import LATIN, MANIFEST, Here, Trial, listing, wav_bytes

import nlac
from nlac._errors import OutputExists, UsageError
from nlac._output import open_output
from nlac.batch.manifest import Busy, Manifest
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


def test_leftovers_of_a_killed_run_are_removed(trial: Trial) -> None:
    trial.run()
    left = trial.out / "deep/.b.wav.nlac.89abcdef.part"
    left.write_bytes(b"half")
    trial.run()
    assert not left.exists()


def test_progress_reaches_the_sums(trial: Trial) -> None:
    seen: list[tuple[int, ...]] = []
    settings = Settings(trial.root, trial.out, {"preset": "fast"})
    run(settings, Selection(trial.root, trial.out), Here(), on_progress=lambda *x: seen.append(x))
    size = sum(path.stat().st_size for path in trial.root.rglob("*") if path.is_file())
    assert seen[0] == (0, 0, size, 3)
    assert seen[-1] == (size, 3, size, 3)


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
