"""The loops of blocks with a network (`cnn`, `gru`), compiled.

For each sample, a decoder runs the base predictor, the network and the mixture. An encoder knows
the samples, and the base predictor does not depend on the network. So it runs the base predictor
over a span of samples, then the network over all features of the span, then the mixture.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac._typing import U32
from nlac.entropy.adaptive_mixture.model import mixture_learn, mixture_prepare
from nlac.entropy.adaptive_mixture.state import GIVEN, MixtureCell
from nlac.entropy.bits import end_bits
from nlac.entropy.range_kernels import FULL, ZERO, decode_start, seal
from nlac.kernels.jit import kernel
from nlac.kernels.memory import address, keep, load_i32, load_i64, store_32, store_64
from nlac.predictors.cascade.kernels import (
    PIECE,
    channel_of,
    code_sample,
    decode_sample,
    frame_of,
    limit_locations,
    payload_of,
    row,
    schedule_of,
    set_in_force,
    set_lags,
)
from nlac.predictors.cascade.predictor import solve_due
from nlac.predictors.networks.step import NetworkCell, run_step
from nlac.predictors.neural.base import learn_base, predict_base
from nlac.predictors.neural.features import apply_outputs, mean_error, note_sample, write_features


class CoderCell(IntEnum):
    """Cells of an encoder between two passes, uint64."""

    POS = 0  # words of the range coder so far
    LOWER = 1  # its interval
    RANGE = 2
    HELD = 3  # words held back
    FIRST_WORD = 4  # first of these
    RAW_POS = 5  # words of raw bits so far
    BITS = 6  # waiting raw bits
    FILL = 7  # their number


# older releases of numba don't index arrays by enums
_POS, _LOWER, _RANGE, _HELD, _FIRST_WORD, _RAW_POS, _BITS, _FILL = map(int, CoderCell)


class BaseOutput(NamedTuple):
    """What the base predictor gives to the network and the entropy model in a span of time.

    Attributes
    ----------
    features : (channels, times, FEATURES) int16
        Inputs of the network.
    placed : (channels, times, locations) int64
        Locations, Q8; the second is free for that of the network.
    means : (channels, times) int64
        Units of the features, Q12.
    """

    features: NDArray[np.int16]
    placed: NDArray[np.int64]
    means: NDArray[np.int64]


class Encoder(NamedTuple):
    """State and buffers of an encoder.

    Attributes
    ----------
    cells : (8,) uint64
        State between two passes, a row of `CoderCell`.
    words, raw : (n,) uint32
        Buffers for the words of the range coder and for raw bits.
    """

    cells: NDArray[np.uint64]
    words: U32
    raw: U32


@kernel
def _predict(predictor, locations, count, placed, low, high, t):
    """Predict frame t, clip the locations to the value set, and copy them to `placed`.

    The second place there is left free for the location of the network. All are Q8.
    """
    predict_base(predictor, t)
    limit_locations(locations, count - 1, low, high)
    for i in range(count - 1):
        store_64(placed, i if i == 0 else i + 1, load_i64(locations, i))


@kernel
def base_pass(schedule, sets, rows, feature_rows, pcm, begin, output):
    """Run the base predictor over the delayed frames from `begin` on, as many as `output` has.

    Parameters
    ----------
    schedule : Schedule
    sets : SetTable
    rows : Rows
        Changed in place.
    feature_rows : (channels, FEATURE_CELLS) int64
        Changed in place.
    pcm : (channels, frames) int32
        In coding order.
    begin : int
    output : BaseOutput
        Filled.
    """
    block = schedule_of(schedule, sets)
    samples = address(pcm)
    first, row_bytes = address(output.features), 2 * output.features.shape[2]
    out, out_bytes = address(output.placed), 8 * output.placed.shape[2]
    units, length = address(output.means), output.means.shape[1]
    for t in range(begin, begin + length):
        if t % PIECE == 0:
            set_lags(rows.predictors, block.lags, t)
            rows.progress[0] = t
        for c in range(block.channels):
            at = frame_of(block, t, c)
            if at < 0:
                continue
            entry = set_in_force(block, t, c)
            predictor, locations, _ = channel_of(rows, c)
            feature_state, place = row(feature_rows, c), c * length + t - begin
            _predict(
                predictor, locations, rows.num_locations, out + place * out_bytes,
                entry.lowest, entry.highest, t,
            )  # fmt: skip
            write_features(feature_state, locations, first + place * row_bytes)
            store_64(units, place, mean_error(feature_state))
            sample = load_i32(samples, c * block.frames + at)
            note_sample(feature_state, sample, load_i64(locations, 0))
            learn_base(predictor, t, sample)
        solve_due(address(rows.predictors), block.channels)


@kernel
def _writer_of(coder):
    """State of the range coder, from the cells of an encoder."""
    return (
        np.int64(coder[_POS]), coder[_LOWER], coder[_RANGE],
        np.int64(coder[_HELD]), coder[_FIRST_WORD],
    )  # fmt: skip


@kernel
def _bits_of(coder):
    """State of the writer of raw bits, from the cells of an encoder."""
    waiting, fill = coder[_BITS], np.int64(coder[_FILL])
    return np.int64(coder[_RAW_POS]), waiting, fill


@kernel
def coding_pass(schedule, sets, rows, powers, pcm, begin, base_output, outputs, encoder):
    """Code the samples of a span with the outputs of the network.

    `base_output` is that of `base_pass` from the same `begin` on, `outputs` is (channels, times,
    OUTPUTS) int16, `powers` is (16,) int64, and `encoder` is an `Encoder`. Returns whether all
    samples were in their value sets.
    """
    block = schedule_of(schedule, sets)
    shared, samples, up = address(rows.shared), address(pcm), address(powers)
    places, place_bytes = address(base_output.placed), 8 * base_output.placed.shape[2]
    first, row_bytes = address(outputs), 2 * outputs.shape[2]
    units, length = address(base_output.means), base_output.means.shape[1]
    words, raw, coder = address(encoder.words), address(encoder.raw), encoder.cells
    writer, bits = _writer_of(coder), _bits_of(coder)
    for t in range(begin, begin + length):
        for c in range(block.channels):
            at = frame_of(block, t, c)
            if at < 0:
                continue
            entry = set_in_force(block, t, c)
            state, place = row(rows.mixtures, c), c * length + t - begin
            locations = places + place * place_bytes
            apply_outputs(
                load_i64(units, place), first + place * row_bytes, load_i64(locations, 0),
                entry.lowest, entry.highest, locations + 8,
                state + 8 * (MixtureCell.MEAN + GIVEN), up,
            )  # fmt: skip
            mixture_prepare(shared, state, locations)
            sample = load_i32(samples, c * block.frames + at)
            good, writer, bits = code_sample(
                shared, state, entry, sample, words, writer, raw, bits
            )
            if not good:
                return False
            mixture_learn(shared, state, sample)
    coder[_POS], coder[_LOWER] = np.uint64(writer[0]), writer[1]
    coder[_RANGE], coder[_HELD] = writer[2], np.uint64(writer[3])
    coder[_FIRST_WORD], coder[_RAW_POS] = writer[4], np.uint64(bits[0])
    coder[_BITS], coder[_FILL] = bits[1], np.uint64(bits[2])
    return True


@kernel
def start_encoder(encoder):
    """Set the state of an encoder to that of the beginning."""
    encoder.cells[:] = ZERO
    encoder.cells[_RANGE] = FULL


@kernel
def end_encoder(encoder):
    """Write what the encoder still holds; returns the numbers of words in both buffers."""
    sealed = seal(address(encoder.words), *_writer_of(encoder.cells))
    return sealed, end_bits(address(encoder.raw), *_bits_of(encoder.cells))


@kernel
def decode_with_network(
    schedule, sets, rows, feature_rows, networks, powers, pcm, word_buffer, raw_buffer
):
    """Decode all samples into `pcm`; returns words and raw bits taken, or -1, -1 on bad data.

    `networks` is (channels,) int64, the addresses for `run_step`; for the other arguments see
    `base_pass` and `coding_pass`.
    """
    block = schedule_of(schedule, sets)
    shared, samples, up = address(rows.shared), address(pcm), address(powers)
    nets = address(networks)
    payload = payload_of(word_buffer, raw_buffer)
    all_placed = np.zeros(rows.num_locations, np.int64)
    placed = address(all_placed)
    reader = decode_start(payload.words, payload.num_words)
    raw_at = np.int64(0)
    for t in range(block.total):
        if t % PIECE == 0:
            set_lags(rows.predictors, block.lags, t)
            rows.progress[0] = t
        for c in range(block.channels):
            at = frame_of(block, t, c)
            if at < 0:
                continue
            entry = set_in_force(block, t, c)
            predictor, locations, state = channel_of(rows, c)
            feature_state, network = row(feature_rows, c), load_i64(nets, c)
            _predict(
                predictor, locations, rows.num_locations, placed, entry.lowest, entry.highest, t
            )
            write_features(feature_state, locations, load_i64(network, NetworkCell.INPUT))
            run_step(network)
            best = load_i64(locations, 0)
            apply_outputs(
                mean_error(feature_state), load_i64(network, NetworkCell.OUTPUT), best,
                entry.lowest, entry.highest, placed + 8, state + 8 * (MixtureCell.MEAN + GIVEN), up,
            )  # fmt: skip
            mixture_prepare(shared, state, placed)
            good, sample, reader, raw_at = decode_sample(
                shared, state, entry, payload, reader, raw_at
            )
            if not good:
                return -1, -1
            store_32(samples, c * block.frames + at, sample)
            mixture_learn(shared, state, sample)
            note_sample(feature_state, sample, best)
            learn_base(predictor, t, sample)
        solve_due(address(rows.predictors), block.channels)
    keep(all_placed)
    return reader[0], raw_at
