"""Time the compiled loops, in nanoseconds a sample or microseconds a call.

    python benchmarks/kernels.py

The signal is generated: a decaying chord with noise, stereo, 16 bits.  Compilation
is not timed; the best of several runs counts.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import timing

from nlac.codec.encoder.lpc.block import LpcSettings, encode_lpc
from nlac.codec.encoder.lpc.covariance import covariance, room
from nlac.codec.encoder.lpc.least_squares import factorise, new_factor
from nlac.codec.encoder.lpc.range_loop import encode_loop
from nlac.codec.encoder.lpc.rice_loop import encode_rice
from nlac.codec.encoder.lpc.segmentation import SegmentationSettings, analyse
from nlac.codec.encoder.ltp.search import find_lags
from nlac.entropy.distributions import tables
from nlac.entropy.small_residuals import new_contexts
from nlac.entropy.value_sets import plain
from nlac.predictors.lpc.block import lpc_pieces
from nlac.predictors.lpc.kernels import filled_rows, new_rows, new_state
from nlac.predictors.lpc.parameters import PAD, SPAN
from nlac.predictors.lpc.plan import make_plan
from nlac.predictors.lpc.range_decoding import decode_loop
from nlac.predictors.lpc.rice_loops import decode_rice
from nlac.predictors.lpc.side_info import read_parameters, write_parameters

FRAMES = 4 * 44100
best = partial(timing.best, runs=5)


def report(name: str, seconds: float, count: int, unit: str = "ns a sample") -> None:
    scale = 1e9 if unit.startswith("ns") else 1e6
    print(f"{name:44} {seconds * scale / count:9.1f} {unit}")


def time_loops(pcm: np.ndarray, order: int) -> None:
    padded = np.zeros((2, PAD + FRAMES + 64))
    padded[:, PAD : PAD + FRAMES] = pcm
    reference, delay = np.array([1, 0]), np.zeros(2, np.int64)
    lags = np.zeros(-(-FRAMES // SPAN), np.int64)
    settings = SegmentationSettings(order, 4096, 1, 16)
    parameters = analyse(padded, FRAMES, reference, delay, lags, settings)
    parameters = parameters._replace(initial_scale=np.full(2, 1 << 18))
    full = filled_rows(parameters, pcm)
    plan = make_plan(parameters, [plain(-32768, 32767)], full.shape[1])
    words, raw = np.zeros(2 * pcm.size, np.uint32), np.zeros(2 * pcm.size, np.uint32)

    def encode() -> tuple[int, int]:
        state = new_state(parameters.initial_scale)
        return encode_loop(plan, tables(), state, new_contexts(len(pcm)), full, pcm, words, raw)

    used, raw_used = encode()
    code, rest, out = words[:used].copy(), raw[:raw_used].copy(), np.zeros_like(pcm)

    def decode() -> None:
        state, rows = new_state(parameters.initial_scale), new_rows(parameters)
        decode_loop(plan, tables(), state, new_contexts(len(pcm)), rows, out, code, rest)

    name = f"windows of up to {order}"
    report(f"analyse, {name}", best(lambda: analyse(
        padded, FRAMES, reference, delay, lags, settings)), pcm.size)
    report(f"range encode, {name}", best(encode), pcm.size)
    report(f"range decode, {name}", best(decode), pcm.size)
    assert np.array_equal(out, pcm)
    rice = np.zeros(2 * pcm.size, np.uint32)

    def encode_by_rice() -> tuple[int, int]:
        return encode_rice(plan, new_state(parameters.initial_scale), full, pcm, rice)

    bits = rice[: encode_by_rice()[0]].copy()
    report(f"Rice encode, {name}", best(encode_by_rice), pcm.size)
    report(f"Rice decode, {name}", best(lambda: decode_rice(
        plan, new_state(parameters.initial_scale), new_rows(parameters), out, bits)), pcm.size)
    side = write_parameters(parameters)
    report(f"write parameters, {name}", best(lambda: write_parameters(parameters)), pcm.size)
    seconds = best(lambda: read_parameters(side, 0, FRAMES, 2, 1))
    report(f"read parameters, {name}", seconds, pcm.size)


def main() -> None:
    pcm = timing.chord(FRAMES)
    for order in (18, 66, 258):
        time_loops(pcm, order)
    padded = np.concatenate([np.zeros((2, PAD)), pcm], axis=1)
    report("search for lags", best(lambda: find_lags(padded, FRAMES, SPAN, True)), pcm.size)
    for lags in (11, 35, 131):
        out = np.zeros((2 * lags, room(2 * lags)))
        which, delays, counts = np.array([0, 1]), np.zeros(2, np.int64), np.full(2, lags)
        seconds = best(lambda: covariance(padded, which, delays, counts, 4096, 4352, out, 0))  # noqa: B023
        report(f"covariance, {2 * lags} sequences, 256 frames", seconds, 1, "us a call")
    for size in (18, 66, 98, 258):
        matrix = np.cov(np.random.default_rng(1).normal(size=(size, 2 * size)))
        factor = new_factor(size)
        seconds = best(lambda: factorise(matrix, size, factor, 0))  # noqa: B023
        report(f"factorise, size {size}", seconds, 1, "us a call")
    settings = LpcSettings((SegmentationSettings(66, 1024, 5, 16),))
    block = encode_lpc(pcm, settings)
    report("block encode, standard", best(lambda: encode_lpc(pcm, settings)), pcm.size)
    report("block decode, standard", best(lambda: list(lpc_pieces(block, 0, FRAMES, 2))), pcm.size)


if __name__ == "__main__":
    main()
