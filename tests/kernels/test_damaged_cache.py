"""Whatever is wrong with files of compiled kernels, kernels run, and the files are made anew."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import nlac
from nlac.kernels.jit import kernel

pytestmark = pytest.mark.jit


def triple(x: int) -> int:
    return 3 * x


def compiled(folder: Path) -> Callable[[int], int]:
    """Return the same kernel as a new process has it: not loaded yet."""
    from nlac.kernels import numba_internals

    function: Callable[[int], int] = kernel(triple)
    numba_internals.keep_code(function, folder)
    return function


def hits(function: object) -> int:
    return sum(function.stats.cache_hits.values())  # type: ignore[attr-defined]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def turn_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-200] ^= 1
    path.write_bytes(data)


def make_folder(path: Path) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


def make_loop(path: Path) -> None:
    """A link to itself can't be opened by anybody, not even by root."""
    path.unlink()
    path.symlink_to(path)


def forbid(path: Path) -> None:
    path.chmod(0)


def other_pickle(path: Path) -> None:
    path.write_bytes(b"\x80\x04K\x05.")


@pytest.mark.parametrize(
    "damage", [cut, empty, turn_bit, make_folder, make_loop, forbid, other_pickle]
)
@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
def test_a_damaged_file_is_replaced(tmp_path, damage, suffix):
    assert compiled(tmp_path)(7) == 21
    (path,) = tmp_path.glob(f"*{suffix}")
    damage(path)
    assert compiled(tmp_path)(7) == 21
    again = compiled(tmp_path)
    assert again(7) == 21
    assert hits(again) == 1
    assert {path.suffix for path in tmp_path.iterdir()} == {".nbi", ".nbc"}


def test_code_of_another_signature_is_not_taken(tmp_path):
    """As two processes may leave it that compile two signatures at once."""
    assert compiled(tmp_path)(7) == 21
    (code,) = tmp_path.glob("*.nbc")
    floats = tmp_path / "floats"
    assert compiled(floats)(0.5) == 1.5
    (other,) = floats.glob("*.nbc")
    other.replace(code)
    assert compiled(tmp_path)(7) == 21


def test_a_folder_that_cannot_be_written(tmp_path):
    assert compiled(tmp_path)(7) == 21
    tmp_path.chmod(0o555)
    try:
        loaded = compiled(tmp_path)
        assert loaded(7) == 21
        assert hits(loaded) == 1
        assert compiled(tmp_path)(0.5) == 1.5
    finally:
        tmp_path.chmod(0o755)


def test_a_file_in_place_of_the_folder(tmp_path):
    path = tmp_path / "file"
    path.write_text("in the way")
    assert compiled(path)(7) == 21
    assert path.read_text() == "in the way"


PROGRAM = """
import sys
from pathlib import Path
from nlac.kernels.jit import kernel
from nlac.kernels.numba_internals import keep_code
sys.path.insert(0, sys.argv[2])
from test_damaged_cache import triple
function = kernel(triple)
keep_code(function, Path(sys.argv[1]))
sys.stdin.readline()
assert function(int(sys.argv[3])) == 3 * int(sys.argv[3])
"""


def test_two_processes_compile_at_once(tmp_path):
    environment = os.environ | {"PYTHONPATH": str(Path(nlac.__file__).parents[1])}
    arguments = [sys.executable, "-W", "error", "-c", PROGRAM]
    arguments += [str(tmp_path), str(Path(__file__).parent)]
    running = [
        subprocess.Popen(
            [*arguments, str(number)],
            env=environment,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in (7, 9)
    ]
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    again = compiled(tmp_path)
    assert again(5) == 15
    assert hits(again) == 1


REPORT = """
from nlac.cli.commands.setup.doctor import _kernels
from nlac.kernels.arithmetic import square_root
assert square_root(10**10 + 7) == 10**5
print(_kernels()["cache"]["compiled"])
"""


@pytest.mark.parametrize("damage", [empty, turn_bit, make_folder, make_loop])
def test_another_process_and_doctor_with_a_damaged_cache(tmp_path, damage):
    environment = os.environ | {
        "PYTHONPATH": str(Path(nlac.__file__).parents[1]),
        "NUMBA_CACHE_DIR": str(tmp_path),
    }

    def run() -> int:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", REPORT],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return int(done.stdout)

    assert run() == 1
    for path in list(tmp_path.rglob("*.nb[ci]")):
        damage(path)
    assert run() >= 1
