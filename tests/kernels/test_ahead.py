"""Kernels compiled ahead of time: a library of a few, and how it is called."""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ahead_kernels import ENTRIES, Pair

from nlac import UsageError
from nlac.kernels.ahead import loader
from nlac.kernels.ahead.entry import Entry
from nlac.kernels.ahead.levels import level_of
from nlac.kernels.ahead.values import flattener

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
BUILD = ROOT / "tools" / "ahead" / "build.py"

pytest.importorskip("numba", reason="numba compiles the library")


def build(folder: Path, entries: list[object]) -> subprocess.CompletedProcess[str]:
    """Build a library of entries of these tests."""
    listed = folder / "listed.json"
    listed.write_text(json.dumps(entries))
    path = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, BUILD, folder / "built", "--entries", listed],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> loader.Library:
    folder = tmp_path_factory.mktemp("library")
    done = build(folder, ENTRIES)
    if "NoLinker" in done.stderr:
        pytest.skip("neither a C compiler nor ziglang is installed")
    assert done.returncode == 0, done.stderr
    return loader.load(str(folder / "built"))


@pytest.fixture
def entries(built: loader.Library) -> dict[str, Entry]:
    module = importlib.import_module("ahead_kernels")
    found = {}
    for name in ("scalars", "add_to", "squares", "length_of"):
        source = getattr(module, name)
        found[name] = Entry(getattr(source, "py_func", None) or source.__wrapped__)
        found[name]._bind(built)
    return found


def test_numbers_pass_both_ways(entries):
    top = (1 << 64) - 2
    found = entries["scalars"](-(1 << 63) + 1, np.uint64(top), np.int32(7), 0.3, np.bool_(True))
    assert found == ((1 << 63) - 1, top + 1, -7, 0.15, False)
    others = np.int32(5), np.uint64(0), np.int32(-1), np.float32(3), False
    assert entries["scalars"](*others) == (-5, 1, 1, 1.5, True)


def test_arrays_and_tuples_are_taken_apart(entries):
    array = np.zeros((3, 4), np.int16)
    rows = np.array([1, 2, 1000])
    rows.flags.writeable = False
    assert entries["add_to"](array, Pair(2, (rows, 3.5)), 100) is None
    assert array.tolist() == [[5] * 4, [7] * 4, [100] * 4]


def test_arrays_come_back(entries):
    made, second, count = entries["squares"](5)
    assert made.tolist() == [[i, i * i] for i in range(5)]
    assert second.tolist() == [0, 1, 4, 9, 16]
    assert (made.dtype, count, made.flags.writeable) == (np.int64, 5, True)
    made, second, _ = entries["squares"](0)
    assert (made.shape, second.shape) == ((0, 2), (0,))


def test_an_entry_has_a_function_for_each_list_of_types(entries):
    for dtype in (np.uint8, np.float32):
        assert entries["length_of"](np.zeros(4, dtype)) == Pair(4, (10, 0.5))


def test_failing_for_memory_is_told(entries):
    with pytest.raises(MemoryError, match="ahead_kernels:squares"):
        entries["squares"](1 << 58)


@pytest.mark.parametrize(
    "values",
    [
        (np.zeros((2, 2), np.int32), Pair(1, (np.zeros(2, np.int64), 1.0)), 1),
        (np.zeros((2, 4), np.int16)[:, ::2], Pair(1, (np.zeros(2, np.int64), 1.0)), 1),
        (np.zeros((2, 2), np.int16), (1, (np.zeros(2, np.int64), 1.0)), 1),
        (np.zeros((2, 2), np.int16), Pair(1, (np.zeros(2, np.int64), 1)), 1),
        (np.zeros((2, 2), np.int16), Pair(True, (np.zeros(2, np.int64), 1.0)), 1),
        (np.zeros((2, 2), np.int16), Pair(1, (np.zeros(2, np.int64), 1.0))),
        (np.zeros((2, 2), np.int16), Pair(1, (np.zeros(2, np.int64), 1.0)), np.uint64(1 << 63)),
        (np.broadcast_to(np.int16(0), (2, 2)), Pair(1, (np.zeros(2, np.int64), 1.0)), 1),
    ],
)
def test_other_types_are_refused(entries, values):
    with pytest.raises(TypeError, match="add_to is not compiled for"):
        entries["add_to"](*values)


def test_a_written_array_must_be_writeable(entries):
    array = np.zeros((2, 2), np.int16)
    array.flags.writeable = False
    with pytest.raises(TypeError, match="read-only int16"):
        entries["add_to"](array, Pair(1, (np.zeros(2, np.int64), 1.0)), 1)


def test_what_a_machine_does_not_have_stops_the_build(tmp_path):
    (tmp_path / "odd_kernels.py").write_text(
        "import math\nfrom nlac.kernels.jit import kernel\n\n\n"
        "@kernel\ndef sine(x):\n    return math.lgamma(x)\n"
    )
    (tmp_path / "listed.json").write_text(json.dumps([["odd_kernels:sine", ["float64"]]]))
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, BUILD, tmp_path / "built", "--entries", tmp_path / "listed.json"],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if "NoLinker" in done.stderr:
        pytest.skip("neither a C compiler nor ziglang is installed")
    assert done.returncode != 0
    assert "kernels ask for ['lgamma']" in done.stderr
    assert not (tmp_path / "built").exists()


def processor(leaves: dict[tuple[int, int], int], last: int = 7, extended: int = 0x80000004):
    """A processor's ``cpuid``: bits of registers by leaf and register."""

    def cpuid(leaf: int, subleaf: int) -> tuple[int, int, int, int]:
        if leaf == 0:
            return (last, 0, 0, 0)
        if leaf == 0x80000000:
            return (extended, 0, 0, 0)
        return tuple(leaves.get((leaf, register), 0) for register in range(4))

    return cpuid


def bits(*places: int) -> int:
    return sum(1 << place for place in places)


V2 = {(1, 2): bits(0, 9, 13, 19, 20, 23), (0x80000001, 2): bits(0)}
V3 = {
    (1, 2): V2[1, 2] | bits(12, 22, 27, 28, 29),
    (7, 1): bits(3, 5, 8),
    (0x80000001, 2): bits(0, 5),
}
V4 = V3 | {(7, 1): V3[7, 1] | bits(16, 17, 28, 30, 31)}


@pytest.mark.parametrize(
    ("leaves", "kept", "expected"),
    [
        ({}, 0xFF, 1),
        (V2, 0xFF, 2),
        (V3, 0xE7, 3),
        (V4, 0xE7, 4),
        # an operating system that keeps no, or only AVX's, registers
        (V4, 0x03, 2),
        (V4, 0x07, 3),
        # one instruction is missing
        (V4 | {(7, 1): V4[7, 1] ^ bits(31)}, 0xE7, 3),
        (V3 | {(0x80000001, 2): bits(0)}, 0xE7, 2),
    ],
)
def test_levels_of_processors(leaves, kept, expected):
    assert level_of(processor(leaves), lambda: kept) == expected


def test_levels_of_processors_without_a_leaf():
    # what lies behind the last leaf is not to be trusted
    assert level_of(processor(V4, last=6), lambda: 0xE7) == 2
    assert level_of(processor(V4, extended=0x80000000), lambda: 0xE7) == 1


def test_this_processor_has_the_level_that_was_built_for_it(built):
    if built.level == 0:
        pytest.skip("only x86-64 has levels")
    assert loader.processor_level(built.code) >= built.level


def test_a_level_that_is_asked_for(built, monkeypatch):
    if built.level == 0:
        pytest.skip("only x86-64 has levels")
    able = [1, 2, built.level]
    assert loader._level(built.code, [*able, 9]) == built.level
    monkeypatch.setenv("NLAC_CPU_LEVEL", "2")
    assert loader._level(built.code, [*able, 9]) == 2
    monkeypatch.setenv("NLAC_CPU_LEVEL", "9")
    with pytest.raises(UsageError, match="NLAC_CPU_LEVEL=9"):
        loader._level(built.code, [*able, 9])
    with pytest.raises(OSError, match="x86-64-v9"):
        loader._level(built.code, [9])


def test_a_library_that_was_cut_is_not_loaded(built, tmp_path):
    folder = Path(built.code._name).parent
    for path in folder.iterdir():
        data = path.read_bytes()
        (tmp_path / path.name).write_bytes(data if path.suffix == ".json" else data[:-100])
    with pytest.raises(OSError, match="is damaged"):
        loader.load(str(tmp_path))


CHOICE = """
import sys
from nlac.kernels.ahead import loader
loader.FOLDER = sys.argv[1]
if sys.argv[2]:
    sys.modules["numba"] = None
from nlac import MissingDependency
try:
    from nlac.kernels.mode import MODE
    print(MODE.name)
except MissingDependency as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("there", "numba", "environment", "expected"),
    [
        (True, True, {}, "AHEAD"),
        (True, False, {}, "AHEAD"),
        (True, True, {"NLAC_JIT": "1"}, "JIT"),
        (True, True, {"NLAC_JIT": "0"}, "AHEAD"),
        (True, True, {"NLAC_PLAIN_KERNELS": "0"}, "JIT"),
        (True, True, {"NUMBA_DISABLE_JIT": "1", "NLAC_JIT": "1"}, "INTERPRETED"),
        (False, True, {}, "JIT"),
        (False, False, {"NUMBA_DISABLE_JIT": "1"}, "INTERPRETED"),
        (False, False, {}, "without compiled kernels (the installation holds none) numba is"),
        (True, False, {"NLAC_JIT": "1"}, "NLAC_JIT and NLAC_PLAIN_KERNELS need numba: pip"),
    ],
)
def test_how_kernels_run(built, tmp_path, there, numba, environment, expected):
    folder = Path(built.code._name).parent if there else tmp_path
    clean = {name: value for name, value in os.environ.items() if not name.startswith("NLAC_")}
    done = subprocess.run(
        [sys.executable, "-c", CHOICE, folder, "" if numba else "without"],
        env=clean | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(expected)


def test_entries_of_the_package_are_kernels():
    listed = json.loads((ROOT / "tools/ahead/entries.json").read_text(encoding="utf-8"))
    assert listed == sorted(listed, key=json.dumps)
    for name, kinds in listed:
        module, _, function = name.partition(":")
        assert callable(getattr(importlib.import_module(module), function))
        # classes and types that are not there would raise
        flattener(["tuple", *kinds])([], [])
        for kind in named(kinds):
            found, _, attribute = kind.partition(":")
            assert issubclass(getattr(importlib.import_module(found), attribute), tuple)


def named(kinds: list[object]) -> list[str]:
    """Names of the classes in a list of types."""
    found = []
    for kind in kinds:
        if isinstance(kind, list):
            found += [kind[1]] if kind[0] == "named" else []
            found += named(kind[1:])
    return found


def test_slots_hold_the_address_of_an_array():
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    slots: list[int] = []
    assert flattener(["array", "float32", 2, True])(array, slots)
    assert slots == [0, 0, 6, 4, array.ctypes.data, 2, 3, 12, 4]
    assert ctypes.c_float.from_address(slots[4] + 4).value == 1.0
