"""``nlac batch`` as a command: options, messages, JSON, exit codes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import pytest
from cli_tools import ROOT, wav_bytes
from click.testing import Result
from schema_tools import validator

from nlac.batch import engines

Call = Callable[..., Result]


class Here(engines.LocalEngine):
    """Jobs in this process: starting others takes a second each time."""

    def start(self) -> Executor:
        return ThreadPoolExecutor(1)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(engines, "open_engine", lambda name, processes: Here(1))
    folder = tmp_path / "rec" / "sub"
    folder.mkdir(parents=True)
    (folder / "a.wav").write_bytes(wav_bytes(200))
    (folder.parent / "b c.wav").write_bytes(wav_bytes(300, 2))
    (folder.parent / "two\nlines.txt").write_bytes(b"text")
    return folder.parent


def test_there_check_and_back(call: Call, tree: Path) -> None:
    """Complaints: many files at once (flac#54), recursion (flac#466)."""
    done = call("batch", "rec", "out", "--preset", "fast")
    assert (done.exit_code, done.stderr) == (0, "")
    *lines, last = done.stdout.splitlines()
    # one line a file, whatever its name
    assert lines[0].startswith("b c.wav -> b c.wav.nlac: ")
    assert sorted(line.partition(" ->")[0] for line in lines) == [
        "b c.wav", "sub/a.wav", r"two\nlines.txt: copied",
    ]  # fmt: skip
    assert last.startswith("1 copied, 2 encoded, 2 folders; ")
    assert call("batch", "rec", "out").stdout.startswith("3 unchanged; ")
    done = call("batch", "--check", "out")
    assert done.exit_code == 0
    assert "sub/a.wav: ok\n" in done.stdout
    assert call("batch", "--restore", "out", "back", "-q").stdout == ""
    assert (tree.parent / "back/sub/a.wav").read_bytes() == wav_bytes(200)


def test_streams_are_as_encode_would_make_them(call: Call, tree: Path) -> None:
    options = ["--preset", "fast", "--profile", "edit", "--padding", "100", "--protect", "5%"]
    assert call("batch", "rec", "out", *options).exit_code == 0
    assert call("encode", "-q", "rec/sub/a.wav", "one.nlac", *options).exit_code == 0
    made = (tree.parent / "out/sub/a.wav.nlac").read_bytes()
    assert made == (tree.parent / "one.nlac").read_bytes()
    assert call("batch", "--check", "out").exit_code == 0


def test_urls_are_no_folders(call: Call, tree: Path) -> None:
    for arguments in (["memory://rec", "out"], ["rec", "s3://bucket/out"]):
        done = call("batch", *arguments)
        assert done.exit_code == 2
        assert "is a URL" in done.stderr
    assert sorted(path.name for path in tree.parent.iterdir()) == ["rec"]


def test_json_is_an_object_a_line_and_documented(call: Call, tree: Path) -> None:
    """Complaint: output that programs can't read (flac#196)."""
    done = call("batch", "rec", "out", "--preset", "fast", "--json")
    *files, end = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.stderr == ""
    assert {told["event"] for told in files} == {"file"}
    assert (end["event"], end["exit_code"], end["counts"]["encoded"]) == ("end", 0, 2)
    manifest = (tree.parent / "out/nlac-batch.jsonl").read_text(encoding="utf-8")
    written = [json.loads(line) for line in manifest.splitlines()]
    assert files == [event for event in written if event["event"] == "file"]
    (tree.parent / "rec/c.wav").write_bytes(wav_bytes(100))
    assert call("batch", "rec", "out", "--preset", "fast", "--delete-source").exit_code == 0
    schema = validator("formats/batch-manifest")
    lines = (tree.parent / "out/nlac-batch.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    assert {each["event"] for each in events} == {"run", "begin", "file", "deleted", "end"}
    for event in events if schema is not None else ():
        schema.validate(event)
    page = (ROOT / "docs/batch.md").read_text(encoding="utf-8")
    for key in {key for event in [*written, end] for key in event}:
        assert f"`{key}`" in page, key


def test_the_gravest_code_counts(call: Call, tree: Path) -> None:
    """Complaint: one exit code for everything (flac#217)."""
    call("batch", "rec", "out", "-q", "--preset", "fast")
    (tree / "b c.wav").write_bytes(wav_bytes(10, 3))
    done = call("batch", "rec", "out")
    assert done.exit_code == 5
    assert done.stderr.startswith("nlac: error: b c.wav: changed since it was stored; --update")
    stream = tree.parent / "out/sub/a.wav.nlac"
    stream.write_bytes(stream.read_bytes()[:-1] + b"?")
    (tree.parent / "out/b c.wav.nlac").unlink()
    assert call("batch", "--check", "out").exit_code == 3


def test_a_check_tells_that_the_next_batch_mends(call: Call, tree: Path) -> None:
    call("batch", "rec", "out", "--preset", "fast")
    stream = tree.parent / "out/sub/a.wav.nlac"
    data = bytearray(stream.read_bytes())
    data[len(data) // 2] ^= 1
    stream.write_bytes(data)
    done = call("batch", "--check", "out")
    assert done.exit_code == 3
    assert "recorded, and the next batch makes anew what failed" in done.stdout
    last = json.loads(call("batch", "--check", "out", "--json").stdout.splitlines()[-1])
    assert last["recorded"] == 1
    assert call("batch", "rec", "out").exit_code == 0
    assert call("batch", "--check", "out").exit_code == 0


def test_a_dry_run_writes_nothing(call: Call, tree: Path) -> None:
    done = call("batch", "rec", "out", "-n", "--others", "leave")
    assert done.exit_code == 0
    assert "b c.wav -> b c.wav.nlac: would be encoded\n" in done.stdout
    assert done.stdout.endswith("2 files to do, 2,112 bytes; 0 unchanged\n")
    assert not (tree.parent / "out").exists()
    call("batch", "rec", "out", "-q", "--preset", "fast")
    before = os.stat(tree.parent / "out/nlac-batch.jsonl")
    (tree / "b c.wav").write_bytes(wav_bytes(10, 3))
    done = call("batch", "rec", "out", "-n")
    assert done.exit_code == 5
    assert "0 files to do, 0 bytes; 2 unchanged" in done.stdout
    after = os.stat(tree.parent / "out/nlac-batch.jsonl")
    assert (after.st_mtime_ns, after.st_size) == (before.st_mtime_ns, before.st_size)


def test_lists_of_files(call: Call, tree: Path) -> None:
    """Complaint: lists of files (flac#466)."""
    names = b"rec/sub/a.wav\0rec/two\nlines.txt\0"
    done = call("batch", "rec", "out", "--files-from", "-", "-0", "--preset", "fast", input=names)
    assert done.exit_code == 0
    assert "1 copied, 1 encoded" in done.stdout
    (tree.parent / "list").write_text("b c.wav\n")
    assert "1 encoded" in call("batch", "rec", "out", "--files-from", "list").stdout


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (["rec"], "two folders"),
        (["rec", "out", "--check"], "one folder"),
        (["rec", "--check"], "not the output of a batch"),
        (["rec", "back", "--restore"], "not the output of a batch"),
        (["rec", "out", "--check", "--restore"], "exclude each other"),
        (["absent", "out"], "no folder of that name"),
        (["rec", "rec/b c.wav"], "is a file"),
        (["rec/sub", "rec"], "lies in the output"),
        (["rec", "rec"], "lies in the output"),
        (["rec", "out", "-0"], "--files-from"),
        (["rec", "out", "--others", "move"], "--others"),
        (["rec", "out", "--preset", "fast", "--effort", "1"], "lpc takes no effort"),
    ],
)
def test_wrong_use(call: Call, tree: Path, args: list[str], hint: str) -> None:
    done = call("batch", *args)
    assert done.exit_code == 2
    assert hint in done.stderr
    assert not (tree.parent / "out").exists()
    assert not (tree.parent / "back").exists()
