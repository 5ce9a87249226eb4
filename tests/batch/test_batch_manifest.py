"""The manifest: torn and damaged lines, names of all sorts, nothing that leads out of a tree."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from batch_tools import MANIFEST, Trial
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlac._errors import FormatError, UsageError
from nlac.batch.manifest import Manifest, Record, load
from nlac.batch.paths import check_inside, output_paths, path_fields, read_path

RUN = {"event": "run", "format": "nlac-batch/1", "root": "/r"}
SHA = "0" * 64


def stored(source: str, **changes: Any) -> Record:
    facts = {"output": source + ".nlac", "sha256": SHA, "size": 5} | changes
    return Record(source, "encoded", **facts)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An output with two files in its manifest."""
    with Manifest(tmp_path, writable=True) as manifest:
        manifest.append(RUN)
        manifest.add(stored("a"), stored("b"))
    return tmp_path


def test_a_torn_line_is_mended_wherever_it_was_torn(out: Path) -> None:
    data = (out / MANIFEST).read_bytes()
    lines = data.splitlines(keepends=True)
    whole = len(lines[0]) + len(lines[1])
    for end in range(whole + 1, len(data), 11):
        (out / MANIFEST).write_bytes(data[:end])
        with load(out) as manifest:
            assert (list(manifest.records), manifest.torn) == (["a"], end - whole)
    with Manifest(out, writable=True) as manifest:
        manifest.add(stored("c"))
    with load(out) as manifest:
        assert (list(manifest.records), manifest.torn) == (["a", "c"], 0)


def test_zeros_that_a_power_cut_left_are_a_torn_line(out: Path) -> None:
    with open(out / MANIFEST, "ab") as file:
        file.write(b'{"event"' + bytes(4000))
    with Manifest(out, writable=True) as manifest:
        assert list(manifest.records) == ["a", "b"]
    assert b"\0" not in (out / MANIFEST).read_bytes()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{}", "KeyError|'event'"),
        (b"null", "NoneType"),
        (b"", "Expecting value"),
        (b"\xff\xfe", "utf-8|decode"),
        (b'{"event": "file", "source": "../x", "state": "folder"}', "not a path inside"),
        (b'{"event": "file", "source": "/x", "state": "folder"}', "not a path inside"),
        (b'{"event": "file", "source": "x", "state": "odd"}', "no record"),
        (b'{"event": "file", "source": "x", "state": "encoded"}', "without its output"),
        (b'{"event": "file", "source": "x", "state": "link"}', "without its target"),
        (b'{"event": "file", "source": "x", "state": "folder", "mode": -1}', "mode"),
        (b'{"event": "file", "source": "x", "state": "folder", "size": "1"}', "size"),
        (b'{"event": "file", "source": "x", "state": "folder", "mtime_ns": 1e3}', "mtime_ns"),
        (b'{"event": "file", "source": "x", "state": "folder", "exit_code": 99}', "exit_code"),
        (b'{"event": "file", "source": "x", "state": "folder", "seconds": "long"}', "float"),
        (b'{"event": "file", "source": "x", "state": "link", "target": "a\\u0000"}', "NUL"),
        (b'{"event": "file", "source": "\\ud800", "state": "folder"}', "surrogates"),
        (b"[" * 100_000, "recursion"),
        (b'{"event": "other"}', "unknown event"),
        (b'{"event": "begin"}', "no source"),
    ],
)
def test_a_damaged_line_is_named(out: Path, line: bytes, why: str) -> None:
    data = (out / MANIFEST).read_bytes()
    lines = data.splitlines(keepends=True)
    (out / MANIFEST).write_bytes(b"".join([*lines[:2], line + b"\n", lines[2]]))
    with pytest.raises(FormatError, match=rf"line 3, byte {len(lines[0] + lines[1])}.*({why})"):
        load(out)
    # and the file is left as it is
    with pytest.raises(FormatError):
        Manifest(out, writable=True)
    assert (out / MANIFEST).stat().st_size == len(data) + len(line) + 1


def test_another_format_is_refused(out: Path) -> None:
    (out / MANIFEST).write_text('{"event": "run", "format": "nlac-batch/2"}\n')
    with pytest.raises(FormatError, match=r"line 1.*nlac-batch/1"):
        load(out)


def test_a_folder_without_a_manifest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not the output of a batch"):
        load(tmp_path)
    assert not list(tmp_path.iterdir())


def test_lines_are_written_whole_or_not_at_all(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (out / MANIFEST).read_bytes()
    write = os.write

    def write_half(descriptor: int, data: Any) -> int:
        if len(data) < 100:
            raise OSError(28, "No space left on device")
        return write(descriptor, data[:60])

    with Manifest(out, writable=True) as manifest:
        monkeypatch.setattr(os, "write", write_half)
        with pytest.raises(OSError, match="No space left"):
            manifest.add(stored("c"), stored("d"))
        monkeypatch.undo()
        assert (out / MANIFEST).read_bytes() == before
        manifest.add(stored("e"))
    with load(out) as manifest:
        assert list(manifest.records) == ["a", "b", "e"]


def test_a_failure_does_not_hide_what_is_stored(out: Path) -> None:
    with Manifest(out, writable=True) as manifest:
        manifest.add(Record("a", "failed", reason="changed"), Record("x", "failed"))
    with load(out) as manifest:
        assert manifest.records["a"].state == "encoded"
        assert manifest.records["x"].state == "failed"


@given(st.data())
@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_is_an_error_or_a_manifest_and_nothing_else(out: Path, data: st.DataObject) -> None:
    """Hostile input: bytes of a manifest changed, cut out, put in."""
    whole = (out / "whole").read_bytes() if (out / "whole").exists() else None
    if whole is None:
        whole = (out / MANIFEST).read_bytes()
        (out / "whole").write_bytes(whole)
    begin = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(begin, min(len(whole), begin + 9)))
    other = data.draw(st.one_of(st.binary(max_size=9), st.sampled_from([b"null", b"-1", b"1e9"])))
    (out / MANIFEST).write_bytes(whole[:begin] + other + whole[end:])
    try:
        manifest = load(out)
    except FormatError:
        return
    with manifest:
        for source, record in manifest.records.items():
            check_inside(source)
            check_inside(str(record.output))
            assert json.dumps(record.to_dict())


@given(st.binary(min_size=1, max_size=40).map(lambda name: name.replace(b"\0", b"/")))
def test_every_name_survives_json_or_is_refused(name: bytes) -> None:
    path = os.fsdecode(name)
    try:
        check_inside(path)
    except ValueError:
        parts = name.split(b"/")
        assert name != b"." and {b"", b".", b".."} & set(parts)  # noqa: PT018
        return
    fields = json.loads(json.dumps(path_fields("source", path)))
    assert read_path(fields, "source") == path
    # what other programs read has no lone surrogates
    fields["source"].encode()


@given(st.binary(min_size=1, max_size=255).filter(lambda name: not {0, 47} & set(name)))
def test_outputs_have_names_that_a_file_system_takes(name: bytes) -> None:
    for encoded in (True, False):
        candidates = output_paths("deep/" + os.fsdecode(name), encoded=encoded)
        paths = [next(candidates) for _ in range(3)]
        assert len(set(paths)) == 3
        for path in paths:
            assert path.startswith("deep/")
            assert len(os.fsencode(path)) <= 255 + len("deep/")
        if len(name) <= 250:
            assert paths[0] == "deep/" + os.fsdecode(name) + ".nlac" * encoded


def hostile(trial: Trial, *records: Record) -> None:
    """Add records to a manifest that no batch would write."""
    with Manifest(trial.out, writable=True) as manifest:
        manifest.add(*records)


def test_restoring_follows_no_link(trial: Trial, tmp_path: Path) -> None:
    """A manifest of a stranger has a link, and a file behind it."""
    trial.run()
    victim = tmp_path / "victim"
    victim.mkdir()
    known = trial.events()[-3]
    assert known["event"] == "file"
    sha = next(event for event in trial.events() if event.get("output") == "notes.txt")["sha256"]
    hostile(
        trial,
        Record("door", "link", target=str(victim)),
        Record("door/x.txt", "copied", output="notes.txt", sha256=sha, size=4),
        Record("trap", "folder", mode=0o755),
    )
    trial.back.mkdir()
    (trial.back / "trap").symlink_to(victim)
    mode = victim.stat().st_mode
    report = trial.restore()
    assert list(victim.iterdir()) == []
    assert victim.stat().st_mode == mode
    assert report.exit_codes >= {0, 3}
    # again, the link being there now
    trial.restore(force=True)
    assert list(victim.iterdir()) == []


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(
    trial: Trial, tmp_path: Path
) -> None:
    trial.run()
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    trial.back.mkdir()
    (trial.back / "a.wav").symlink_to(victim)
    assert 5 in trial.restore().exit_codes
    assert trial.restore(force=True).exit_codes == {0}
    assert victim.read_bytes() == b"precious"
    assert not (trial.back / "a.wav").is_symlink()


def test_a_check_finds_what_is_damaged_missing_and_unknown(trial: Trial) -> None:
    trial.run()
    stream = trial.out / "a.wav.nlac"
    data = bytearray(stream.read_bytes())
    data[len(data) // 2] ^= 1
    stream.write_bytes(data)
    (trial.out / "deep/b.wav.nlac").unlink()
    (trial.out / "notes.txt").write_bytes(b"test")
    (trial.out / "deep/odd").write_bytes(b"")
    report = trial.check()
    assert report.exit_codes == {0, 1, 3}
    assert report.counts == {"failed": 3, "unknown": 1}
    assert "SHA-256" in str(trial.reasons()["notes.txt"])
    assert trial.reasons()["deep/odd"] == "not in the manifest"
    # restoring gives none of it back as if it were right
    assert trial.restore().counts["failed"] == 3
    assert [path for path in trial.back.rglob("*") if path.is_file()] == []


def test_restoring_refuses_other_files_that_are_there(trial: Trial) -> None:
    trial.run()
    trial.back.mkdir()
    (trial.back / "a.wav").write_bytes(b"precious")
    report = trial.restore()
    assert (report.counts["failed"], report.counts["restored"]) == (1, 2)
    assert (trial.back / "a.wav").read_bytes() == b"precious"
    assert trial.restore(force=True).exit_codes == {0}
    trial.back = trial.out / "deep"
    with pytest.raises(UsageError, match="another folder"):
        trial.restore()
