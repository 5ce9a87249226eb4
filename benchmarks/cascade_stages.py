"""Time the stages of the cascade one by one, in nanoseconds a sample.

    python benchmarks/cascade_stages.py [FILE ...] [--seconds 8] [--preset high --preset max]

Without files the signal is a generated chord, stereo, 16 bits.  A pass over all samples
prepares the state and records the locations; then each stage runs over the same samples
alone.  Rows sum to less than the rows "all" where stages push each other out of the caches.
Compilation is not timed; the best of several runs counts.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import partial

import numpy as np
import timing
from numpy.typing import NDArray

from nlac.codec.encoder.cascade import history_shifts
from nlac.codec.encoder.presets import CASCADES
from nlac.entropy.adaptive_mixture.coding import mixture_code, mixture_decode
from nlac.entropy.adaptive_mixture.model import mixture_learn, mixture_prepare
from nlac.entropy.adaptive_mixture.state import mixture_shared, mixture_state
from nlac.entropy.value_kernels import FINEST, ValueSetEntry
from nlac.kernels.jit import kernel
from nlac.kernels.memory import address, load_i32, load_i64
from nlac.predictors.cascade.cholesky import solve
from nlac.predictors.cascade.covariance import batch_sums
from nlac.predictors.cascade.nlms import STAGE_CELLS, learn_stages, predict_stage
from nlac.predictors.cascade.parameters import CascadeParameters
from nlac.predictors.cascade.predictor import learn_sample, predict_sample, set_lag, solve_due
from nlac.predictors.cascade.rls import (
    RLS_CELLS,
    CombinerCell,
    RlsCell,
    learn_combiner,
    learn_rls,
    predict_combiner,
    predict_rls,
    set_difference,
    set_inputs,
    set_target,
)
from nlac.predictors.cascade.state import CascadeState, ChannelCell

best = partial(timing.best, runs=60)
LIMIT = 1 << 15  # of samples


@kernel
def pass_all(rows, row_bytes, channels, pcm, frames, record, count, lag):
    """Predict and learn; the locations go to `record`."""
    source = address(pcm)
    for t in range(frames):
        if t == lag:
            for c in range(channels):
                set_lag(rows + c * row_bytes, lag)
        for c in range(channels):
            channel = rows + c * row_bytes
            predict_sample(channel, t)
            out = load_i64(channel, ChannelCell.LOCATIONS)
            for i in range(count):
                record[c, t, i] = load_i64(out, i)
            learn_sample(channel, t, load_i32(source, c * frames + t))
        solve_due(rows, channels)


@kernel
def pass_predict_rls(predictor, begin, frames):
    total = np.int64(0)
    for t in range(begin, frames):
        total += predict_rls(predictor, t)
    return total


@kernel
def pass_sums(window, begin, frames, batch):
    for t in range(begin, frames - batch, batch):
        batch_sums(window, t)


@kernel
def pass_learn_rls(predictor, window, frames, batch, solving):
    index = load_i64(predictor, RlsCell.PERIOD) * 1024 + (0 if solving else 1)
    for _ in range(frames // batch):
        if learn_rls(predictor, window, index):
            solve(load_i64(predictor, RlsCell.SYSTEM), 0)


@kernel
def pass_combiner(combiner, count, frames):
    total = np.int64(0)
    for t in range(frames):
        for i in range(count - 1):
            set_difference(combiner, i, (t * 31 * i) & 511)
        set_inputs(combiner)
        total += predict_combiner(combiner)
        set_target(combiner, t & 255)
        if learn_combiner(combiner, t & 127):
            solve(load_i64(combiner, CombinerCell.SYSTEM), 0)
    return total


@kernel
def pass_predict_stage(stage, frames):
    total = np.int64(0)
    for t in range(frames):
        total += predict_stage(stage, t)
    return total


@kernel
def pass_learn_stages(stages, lanes, cascades, per_cascade, frames, shift):
    for t in range(frames):
        learn_stages(stages, lanes, cascades, per_cascade, t, (t & 255) - 128, shift)


@kernel
def pass_mixture(shared, state, record, pcm, frames, how):
    """Steps of the mixture; bits of `how`: learn, code, decode."""
    source, total = address(pcm), np.int64(0)
    low, high = -LIMIT, LIMIT - 1
    entry = ValueSetEntry(0, 1, 0, 0, low, high, low << 8, high << 8, FINEST, 0, 0)
    for t in range(frames):
        mixture_prepare(shared, state, address(record[t]))
        sample = load_i32(source, t)
        if how & 6:
            left, width, _, _ = mixture_code(shared, state, entry, sample)
            total += width
            if how & 4:
                q = left + (width >> 1)
                mixture_decode(shared, state, entry, q, 0, 0, 0)
        if how & 1:
            mixture_learn(shared, state, sample)
    return total


def stages(pcm: NDArray[np.int32], p: CascadeParameters, lag: int) -> Iterator[tuple[str, float]]:
    """Yield names and seconds for the last channel of `pcm`, one run over its samples."""
    channels, frames = pcm.shape
    references = [1, 0][:channels] if channels > 1 else [-1]
    batch, count = 1 << p.batch, p.num_locations
    record = np.zeros((channels, frames, count), np.int64)
    state = CascadeState(
        p, references, [(-LIMIT, LIMIT - 1)] * channels, history_shifts(pcm), frames, lag > 0
    )
    rows, row_bytes = state.channels.ctypes.data, 8 * state.channels.shape[1]

    def everything() -> None:
        pass_all(rows, row_bytes, channels, pcm, frames, record, count, lag)

    yield "predictor, all", best(everything) / channels
    cells = state.channels[channels - 1]
    window, rls = int(cells[ChannelCell.WINDOW]), int(cells[ChannelCell.RLS])
    begin = lag // batch * batch + batch
    yield "RLS predictors: sums of products", best(lambda: pass_sums(window, begin, frames, batch))
    for i, e in enumerate(p.rls):
        if e.optional and not lag:
            continue
        at = rls + 8 * RLS_CELLS * i
        name = f"RLS predictor {i + 1} ({e.order} + {e.cross_order} taps): "
        yield name + "predict", best(lambda: pass_predict_rls(at, lag, frames))  # noqa: B023
        plain = best(lambda: pass_learn_rls(at, window, frames, batch, False))  # noqa: B023
        yield name + "covariances", plain
        both = best(lambda: pass_learn_rls(at, window, frames, batch, True))  # noqa: B023
        yield name + f"solve, every {e.period}", (both - plain) / e.period
    for name, at, number in (
        ("first combiner", int(cells[ChannelCell.COMBINER]), len(p.rls)),
        (
            "final combiner",
            int(cells[ChannelCell.FINAL_COMBINERS]),
            len(p.rls) + 3 * len(p.cascades),
        ),
    ):
        yield name, best(lambda: pass_combiner(at, number, frames))  # noqa: B023
    all_stages = [s for cascade in p.cascades for s in cascade]
    for i, s in enumerate(all_stages):
        at = int(cells[ChannelCell.STAGES]) + 8 * STAGE_CELLS * i
        name = f"stage of {s.taps} + {s.cross_taps} taps: "
        yield name + "predict", best(lambda: pass_predict_stage(at, frames))  # noqa: B023
    if all_stages:
        cascades, per_cascade = len(p.cascades), len(p.cascades[0])
        at, lanes = int(cells[ChannelCell.STAGES]), int(cells[ChannelCell.LANES])
        shift = int(cells[ChannelCell.HISTORY_SHIFT])
        yield "all stages: learn", best(
            lambda: pass_learn_stages(at, lanes, cascades, per_cascade, frames, shift)
        )
    shared = mixture_shared(count)
    mixture = mixture_state(np.full(1, 1 << 18), count, [-1])
    own, where = np.ascontiguousarray(record[-1]), (shared.ctypes.data, mixture.ctypes.data)
    times = {
        how: best(lambda: pass_mixture(*where, own, pcm[-1], frames, how))  # noqa: B023
        for how in (1, 3, 7)
    }
    yield "mixture: prepare, learn", times[1]
    yield "mixture: code", times[3] - times[1]
    yield "mixture: decode", times[7] - times[3]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--seconds", type=float, default=0.2)
    parser.add_argument("--preset", action="append", choices=list(CASCADES))
    parser.add_argument("--lag", type=int, default=0, help="distance of the LTP match")
    parser.add_argument("--deep", action="store_true", help="with RLS predictors of long windows")
    options = parser.parse_args()
    for file in options.files or [""]:
        pcm = timing.chord(round(options.seconds * 44100))
        if file:
            import soundfile

            rate = soundfile.info(file).samplerate
            pcm = soundfile.read(file, round(options.seconds * rate), dtype="int16",
                                 always_2d=True)[0].T.astype(np.int32)  # fmt: skip
        for preset in options.preset or CASCADES:
            p = CASCADES[preset] if options.deep else CASCADES[preset].without_long_windows()
            print(f"{preset}  {file or 'chord'}")
            for name, seconds in stages(np.ascontiguousarray(pcm), p, options.lag):
                print(f"  {name:52} {seconds / pcm.shape[1] * 1e9:8.1f}")


if __name__ == "__main__":
    main()
