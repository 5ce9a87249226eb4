"""Which files are read, and where outputs go."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlac._errors import OutputExists, UsageError
from nlac.cli._files import Input, Outputs, find_inputs, split_arguments

WAV = frozenset({".wav"})


def find(*names: object, recursive: bool = False, include: tuple[str, ...] = ()) -> list[Input]:
    return find_inputs(
        [str(name) for name in names], recursive=recursive, include=include, suffixes=WAV
    )


def test_folders_are_searched_in_order(tmp_path: Path) -> None:
    for name in ("b.wav", "a.WAV", "c.txt", "sub/d.wav", "sub/e.bin"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = find(tmp_path, recursive=True)
    assert [(Path(each.path).name, each.folder) for each in found] == [
        ("a.WAV", ""),
        ("b.wav", ""),
        ("d.wav", "sub"),
    ]
    found = find(tmp_path, recursive=True, include=("*.wav",))
    assert [Path(each.path).name for each in found] == ["a.WAV", "b.wav", "d.wav"]
    found = find(tmp_path, recursive=True, include=("*.BIN", "c*"))
    assert [Path(each.path).name for each in found] == ["c.txt", "e.bin"]


def test_what_macos_leaves_is_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    (tmp_path / "._a.wav").write_bytes(b"\0\x05\x16\x07\0\x02\0\0Mac OS X")
    (tmp_path / "._b.wav").write_bytes(b"RIFF")
    caplog.set_level("INFO", "nlac")
    found = find(tmp_path, recursive=True)
    assert [Path(each.path).name for each in found] == ["._b.wav", "a.wav"]
    assert "._a.wav skipped" in caplog.text
    found = find(tmp_path, recursive=True, include=("*.wav",))
    assert [Path(each.path).name for each in found] == ["._b.wav", "a.wav"]
    # named by the user, it is tried
    assert find(tmp_path / "._a.wav") == [Input(str(tmp_path / "._a.wav"))]


def test_a_folder_needs_r(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="-r"):
        find(tmp_path)


def test_stdin_once() -> None:
    assert find("-")[0].is_pipe
    with pytest.raises(UsageError, match="once"):
        find("-", "-")


def test_files_named_by_the_user_need_no_extension() -> None:
    assert find("strange.name") == [Input("strange.name")]


def test_the_second_of_two_arguments() -> None:
    def is_output(name: str) -> bool:
        return name == "out"

    assert split_arguments(["in", "out"], None, is_output) == (["in"], "out")
    assert split_arguments(["in", "-"], None, is_output) == (["in"], "-")
    assert split_arguments(["in", "in2"], None, is_output) == (["in", "in2"], None)
    assert split_arguments(["in", "out"], "o", is_output) == (["in", "out"], "o")
    assert split_arguments(["in", "in", "out"], None, is_output) == (["in", "in", "out"], None)


def test_places(tmp_path: Path) -> None:
    source = Input(str(tmp_path / "a.wav"), "sub")
    assert Outputs(None, False, False).place(source, "a.x") == str(tmp_path / "a.x")
    file = str(tmp_path / "out.x")
    assert Outputs(file, False, False).place(source, "a.x") == file
    folder = str(tmp_path / "new")
    assert Outputs(folder, True, False).place(source, "a.x") == folder + "/sub/a.x"
    assert Outputs(folder + "/", False, False).place(source, "b.x") == folder + "/sub/b.x"
    assert Outputs(folder, False, False).place(source, "c.x") == folder + "/sub/c.x"


def test_pipes_go_to_pipes() -> None:
    assert Outputs(None, False, False).is_pipe(Input("-"))
    assert Outputs("-", False, False).is_pipe(Input("a.wav"))
    assert not Outputs("b", False, False).is_pipe(Input("-"))
    with pytest.raises(UsageError, match="several"):
        Outputs("-", True, False)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    for name in ("a.wav", "a.flac", "taken.x"):
        (tmp_path / name).touch()
    source = Input(str(tmp_path / "a.wav"))
    with pytest.raises(OutputExists, match="-f"):
        Outputs(None, False, False).place(source, "taken.x")
    assert Outputs(None, False, True).place(source, "taken.x")
    with pytest.raises(UsageError, match="input itself"):
        Outputs(None, False, True).place(source, "a.wav")
    with pytest.raises(UsageError, match="is a file"):
        Outputs(str(tmp_path / "taken.x"), True, True)


def test_devices_are_written_to(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    source = Input(str(tmp_path / "a.wav"))
    outputs = Outputs("/dev/null", False, False)
    assert outputs.place(source, "a.x") == outputs.place(source, "a.x") == "/dev/null"


def test_two_inputs_never_share_an_output(tmp_path: Path) -> None:
    outputs = Outputs(str(tmp_path / "out"), True, True)
    outputs.place(Input(str(tmp_path / "a.wav")), "a.x")
    with pytest.raises(OutputExists, match=r"a\.wav"):
        outputs.place(Input(str(tmp_path / "a.flac")), "a.x")


def test_a_link_to_the_input_is_the_input(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    (tmp_path / "link.x").symlink_to(tmp_path / "a.wav")
    with pytest.raises(UsageError, match="input itself"):
        Outputs(None, False, True).place(Input(str(tmp_path / "a.wav")), "link.x")
