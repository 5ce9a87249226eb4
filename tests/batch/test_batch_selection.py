"""What a batch takes of a tree."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from batch_tools import LATIN, Trial, make_tree

from nlac._errors import UsageError
from nlac.batch.selection import Selection, read_names


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "root"
    path.mkdir()
    make_tree(path)
    return path


def taken(root: Path, *args: list[str], names: list[str] | None = None) -> set[str]:
    selection = Selection(root, root.with_name("out"), *args, names=names)
    entries = list(selection.entries())
    paths = [entry.path for entry in entries]
    assert len(set(paths)) == len(paths)
    for path in paths:
        # a folder comes before what is in it
        folder = os.path.dirname(path) or "."
        assert path == "." or folder in paths[: paths.index(path)]
    return {entry.path for entry in entries if entry.kind == "file"}


def test_everything_is_taken_once_and_links_are_not_followed(root: Path) -> None:
    """Complaint: recursion into sub-folders (flac#466)."""
    assert len(taken(root)) == 11
    kinds = {e.path: e for e in Selection(root, root / "none").entries()}
    assert kinds["loop"].kind == "link"
    assert kinds["dangling"].detail == "nowhere"
    assert not kinds["._a.wav"].is_audio
    assert kinds["Émile & co/x.wave"].is_audio


def test_patterns(root: Path) -> None:
    assert taken(root, ["X.*"]) == {f"Émile & co/x.{end}" for end in ("wav", "wave", "wav.nlac")}
    assert taken(root, ["*/x.WAV"]) == {"Émile & co/x.wav"}
    assert taken(root, ["x.*"], ["*.nlac", "*.wave"]) == {"Émile & co/x.wav"}
    # an excluded folder is not even looked at
    assert not any("mile" in path for path in taken(root, [], ["émile*/"]))
    everything = taken(root)
    assert taken(root, [], ["/x.wav"]) == everything
    assert taken(root, [], ["Émile & co/x.*"]) == everything - taken(root, ["x.*"])


def test_folders_come_with_the_files_in_them_only(root: Path) -> None:
    found = list(Selection(root, root / "none", ["x.wav"]).entries())
    assert [entry.path for entry in found] == [".", "Émile & co", "Émile & co/x.wav"]


def test_lists(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Complaint: lists of files (flac#466)."""
    monkeypatch.chdir(root.parent)
    names = ["root/a.wav", "Émile & co/x.wav", str(root / LATIN), "root/a.wav", "root/line\nbreak"]
    assert taken(Path("root"), names=names) == {"a.wav", "Émile & co/x.wav", LATIN}
    assert taken(Path("root"), [], ["é*"], names=names) == {"a.wav", LATIN}
    for outside in ("../x.wav", "/etc/passwd", "root/../../x"):
        with pytest.raises(UsageError, match="lies outside"):
            taken(Path("root"), names=[outside])


def test_names_are_separated_by_lines_or_nul() -> None:
    assert read_names(b"a\nb c\n\n", nul=False) == ["a", "b c"]
    assert read_names(b"a\nb\0latin\xe9.wav\0", nul=True) == ["a\nb", LATIN]


def test_a_named_file_that_is_missing_is_told(trial: Trial) -> None:
    report = trial.run(names=["a.wav", "absent.wav"])
    assert (report.counts["encoded"], report.counts["failed"]) == (1, 1)
    assert "No such file" in str(trial.reasons()["absent.wav"])
