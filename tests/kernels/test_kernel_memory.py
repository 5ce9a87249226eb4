"""Kernels touch no memory that was freed, and keep the arrays of which they use the address."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import nlac

PACKAGE = Path(nlac.__file__).parent
ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden"
# with these settings glibc maps every allocation by itself and unmaps it when it is freed, so
# that whoever touches freed memory ends with a segmentation fault
UNMAP_AT_ONCE = {
    "GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=0:glibc.malloc.tcache_count=0:"
    "glibc.malloc.mmap_max=1000000",
    "MALLOC_PERTURB_": "165",
}
PROGRAM = """
import sys
sys.path[:0] = sys.argv[1:3]
import make_golden
import nlac
for name in sys.argv[3:]:
    data = make_golden.CASES[name]()
    samples, _ = nlac.read(data, threads=2)
    print(name, make_golden.pcm_md5(samples, nlac.info(data).bits_per_sample))
"""
# every predictor, coder and base predictor; floats, value sets, long-term prediction
NAMES = (
    *("range", "rice", "long-term", "grid", "list", "float-mixed", "surround", "lpc-high"),
    *("cascade-online", "cascade-tuned", "network-cnn", "network-gru", "network-windows", "origin"),
)


def is_kernel(function: ast.FunctionDef) -> bool:
    names = (getattr(d, "func", d) for d in function.decorator_list)
    return any(getattr(name, "id", "") in ("kernel", "inline_kernel") for name in names)


@cache
def trees() -> dict[Path, ast.Module]:
    paths = sorted(PACKAGE.rglob("*.py"))
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def kernels() -> list[tuple[Path, ast.FunctionDef]]:
    return [
        (path, node)
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and is_kernel(node)
    ]


def calls_of_address() -> list[tuple[Path, ast.Call]]:
    return [
        (path, node)
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "address"
    ]


def unkept(function: ast.FunctionDef) -> set[str]:
    """Arrays that a kernel makes and uses by address, without a `keep` at its end."""
    own, addressed, kept = set(), set(), set()
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            own.add(node.id)
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", "")
            base = node.args[0] if node.args else None
            while isinstance(base, (ast.Attribute, ast.Subscript)):
                base = base.value
            if name == "address":
                assert isinstance(base, ast.Name), "take the address of an array that has a name"
                addressed.add(base.id)
    for statement in function.body[-4:]:  # those at the end of the whole function
        call = getattr(statement, "value", None)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "keep":
            kept.add(call.args[0].id)
    return (own & addressed) - kept


def test_kernels_keep_the_arrays_of_which_they_use_the_address():
    found = kernels()
    # whoever takes an address by that function is a kernel: a decorator of another name would
    # hide kernels from this test
    seen = {id(node) for _, function in found for node in ast.walk(function)}
    for path, node in calls_of_address():
        assert id(node) in seen, f"{path.name}:{node.lineno} is in no kernel that is known here"
    for path, function in found:
        assert not unkept(function), f"{path.name}: {function.name} frees {unkept(function)}"


def test_an_array_that_is_not_kept_is_found():
    source = "@kernel\ndef f():\n    a = np.zeros(3)\n    g(address(a[1]))\n    {}return 1\n"
    function = ast.parse(source.format("")).body[0]
    assert unkept(function) == {"a"}
    function = ast.parse(source.format("keep(a)\n    ")).body[0]
    assert unkept(function) == set()


def streams(**environment: str) -> list[str]:
    """Encode and decode in a process of its own; a line for each stream."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, ROOT / "tests", GOLDEN, *NAMES],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, f"ended with {done.returncode}: {done.stderr}"
    return done.stdout.splitlines()


@pytest.mark.every_mode
@pytest.mark.skipif(sys.platform != "linux", reason="NOT TESTED: the settings are those of glibc")
def test_no_kernel_touches_freed_memory():
    usual = streams()  # compiles, which takes too long below
    assert [line.split()[0] for line in usual] == list(NAMES)
    assert streams(**UNMAP_AT_ONCE) == usual
