"""Every vector loop against the plain loop beside it, bit for bit, over all that they write."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import vector_cases
from vector_cases import At, Call

from nlac.kernels.jit import kernel
from nlac.kernels.plain import is_plain

pytestmark = pytest.mark.jit

MODULES = (
    "nlac.kernels.vectors_f64",
    "nlac.kernels.vectors_exact",
    "nlac.kernels.vectors_i16",
    "nlac.kernels.vectors_i64",
    "nlac.kernels.vectors_covariance",
    "nlac.predictors.networks.vectors",
    "nlac.predictors.networks.online_vectors",
    "nlac.codec.encoder.lpc.vectors",
    "nlac.entropy.adaptive_mixture.vectors",
    "nlac.predictors.cascade.vectors",
)
NAMES = {
    name.removeprefix("plain_"): module
    for module in MODULES
    for name in vars(importlib.import_module(module))
    if name.startswith("plain_")
}
TEMPLATE = """
@kernel
def run({arguments}):
    return {function}({arguments})
"""


def numbers_of(arguments: tuple[object, ...]) -> tuple[list[object], list[np.ndarray]]:
    """Arguments with addresses of copies in place of arrays, and the copies."""
    copies: dict[int, np.ndarray] = {}

    def of(array: np.ndarray) -> np.ndarray:
        return copies.setdefault(id(array), array.copy())

    words: list[object] = []
    for argument in arguments:
        array = argument.array if isinstance(argument, At) else argument
        if isinstance(array, np.ndarray):
            begin = argument.index if isinstance(argument, At) else 0
            words.append(int(of(array).ctypes.data) + begin * array.itemsize)
        else:
            words.append(argument)
    return words, list(copies.values())


def caller(function: object, count: int) -> Callable[..., object]:
    """Return a kernel that calls a vector loop or a plain loop."""
    arguments = ", ".join(f"a{i}" for i in range(count))
    space: dict[str, object] = {"kernel": kernel, "function": function}
    exec(TEMPLATE.format(arguments=arguments, function="function"), space)
    run: Callable[..., object] = space["run"]  # type: ignore[assignment]
    return run


def calls(name: str) -> Iterator[Call]:
    for seed in range(60):
        yield getattr(vector_cases, name)(np.random.default_rng([seed, len(name)]), bool(seed % 2))


@pytest.mark.parametrize("name", NAMES)
def test_vector_and_plain_loop_do_the_same(name):
    if is_plain(name):
        pytest.skip("this processor runs the plain loop alone")
    module = importlib.import_module(NAMES[name])
    pair: tuple[Callable[..., object], ...] = ()
    for call in calls(name):
        if not pair:
            functions = getattr(module, name), getattr(module, f"plain_{name}")
            pair = tuple(caller(each, len(call.arguments)) for each in functions)
        found = []
        for run in pair:
            words, copies = numbers_of(call.arguments)
            with np.errstate(all="ignore"):
                result = run(*words)
            found.append((np.array(result, dtype=object if result is None else None), copies))
        (vector_result, vector_memory), (plain_result, plain_memory) = found
        assert vector_result.tobytes() == plain_result.tobytes() or nan(vector_result, plain_result)
        for a, b in zip(vector_memory, plain_memory, strict=True):
            np.testing.assert_array_equal(bits(a), bits(b))


def nan(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == float and bool(np.isnan(a) and np.isnan(b))


def bits(array: np.ndarray) -> np.ndarray:
    """Integers of the same bits; of NaNs (their payload is left open) one of them."""
    if array.dtype == float:
        return np.where(np.isnan(array), np.nan, array).view(np.int64)
    return array
