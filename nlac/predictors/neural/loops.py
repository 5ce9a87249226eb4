"""The loops of blocks with a network (`cnn`, `gru`), compiled.

A decoder takes one step after the other: front, network, mixture. An encoder knows the
samples, and the front (a cascade, or the windows of `lpc`) does not depend on the network; so
it lets the front run ahead, then the network over all that the front knew, then the mixture.
"""

from __future__ import annotations

import numpy as np

from nlac.entropy.adaptive_mixture import mixture_learn, mixture_prepare
from nlac.entropy.adaptive_mixture_state import GIVEN, MEAN
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
from nlac.predictors.networks.step import R_INPUT, R_OUTPUT, run_step
from nlac.predictors.neural.base import learn_base, predict_base
from nlac.predictors.neural.features import apply_outputs, mean_error, note_sample, write_features

# cells of an encoder's state (uint64)
POS, LOWER, RANGE, HELD, FIRST_WORD, RAW_POS, BITS, FILL = range(8)


@kernel
def _predict(predictor, locations, count, placed, low, high, t):
    """Predict; keep the locations within the value set, and copy them to `placed`.

    There the second place is left free for the network's.
    """
    predict_base(predictor, t)
    limit_locations(locations, count - 1, low, high)
    for i in range(count - 1):
        store_64(placed, i if i == 0 else i + 1, load_i64(locations, i))


@kernel
def base_pass(schedule, sets, rows, knowns, pcm, begin, end, features, placed, means):
    """Let the front run over the times `begin` to `end` (excluded) of known samples.

    What is known before each sample goes to `features` (channels, times, FEATURES), the locations
    to `placed` (channels, times, count), the second left free, and the unit to `means`.
    """
    block = schedule_of(schedule, sets)
    samples = address(pcm)
    told, told_bytes = address(features), 2 * features.shape[2]
    out, out_bytes = address(placed), 8 * placed.shape[2]
    units, length = address(means), features.shape[1]
    for t in range(begin, end):
        if t % PIECE == 0:
            set_lags(rows.predictors, block.lags, t)
        for c in range(block.channels):
            at = frame_of(block, t, c)
            if at < 0:
                continue
            entry = set_in_force(block, t, c)
            predictor, locations, _ = channel_of(rows, c)
            known, place = row(knowns, c), c * length + t - begin
            _predict(
                predictor, locations, rows.num_locations, out + place * out_bytes,
                entry.lowest, entry.highest, t,
            )  # fmt: skip
            write_features(known, locations, told + place * told_bytes)
            store_64(units, place, mean_error(known))
            sample = load_i32(samples, c * block.frames + at)
            note_sample(known, sample, load_i64(locations, 0))
            learn_base(predictor, t, sample)


@kernel
def _writer_of(coder):
    """State of the range coder."""
    return (
        np.int64(coder[POS]), coder[LOWER], coder[RANGE], np.int64(coder[HELD]), coder[FIRST_WORD]
    )  # fmt: skip


@kernel
def _bits_of(coder):
    """State of the writer of the bit string."""
    return np.int64(coder[RAW_POS]), coder[BITS], np.int64(coder[FILL])


@kernel
def coding_pass(
    schedule, sets, rows, powers, pcm, begin, end, placed, means, outputs, coder, word_buffer,
    raw_buffer,
):  # fmt: skip
    """Code the samples of the times `begin` to `end` with the network's answers.

    Returns whether all samples were in their value sets. `coder` keeps the encoder's state.
    """
    block = schedule_of(schedule, sets)
    shared, samples, up = address(rows.shared), address(pcm), address(powers)
    places, place_bytes = address(placed), 8 * placed.shape[2]
    told, told_bytes = address(outputs), 2 * outputs.shape[2]
    units, length = address(means), placed.shape[1]
    words, raw = address(word_buffer), address(raw_buffer)
    writer, bits = _writer_of(coder), _bits_of(coder)
    for t in range(begin, end):
        for c in range(block.channels):
            at = frame_of(block, t, c)
            if at < 0:
                continue
            entry = set_in_force(block, t, c)
            state, place = row(rows.mixtures, c), c * length + t - begin
            locations = places + place * place_bytes
            apply_outputs(
                load_i64(units, place), told + place * told_bytes, load_i64(locations, 0),
                entry.lowest, entry.highest, locations + 8,
                state + 8 * (MEAN + GIVEN), up,
            )  # fmt: skip
            mixture_prepare(shared, state, locations)
            sample = load_i32(samples, c * block.frames + at)
            good, writer, bits = code_sample(
                shared, state, entry, sample, words, writer, raw, bits
            )
            if not good:
                return False
            mixture_learn(shared, state, sample)
    coder[POS], coder[LOWER], coder[RANGE] = np.uint64(writer[0]), writer[1], writer[2]
    coder[HELD], coder[FIRST_WORD] = np.uint64(writer[3]), writer[4]
    coder[RAW_POS], coder[BITS], coder[FILL] = np.uint64(bits[0]), bits[1], np.uint64(bits[2])
    return True


@kernel
def start_coder(coder):
    """Set an encoder's state to the first one."""
    coder[:] = ZERO
    coder[RANGE] = FULL


@kernel
def end_coder(coder, word_buffer, raw_buffer):
    """Write what the encoder still holds; returns the lengths of both buffers."""
    sealed = seal(address(word_buffer), *_writer_of(coder))
    return sealed, end_bits(address(raw_buffer), *_bits_of(coder))


@kernel
def decode_with_network(
    schedule, sets, rows, knowns, networks, powers, pcm, word_buffer, raw_buffer
):
    """Decode all samples into `pcm`; returns words and raw bits used, or -1, -1 on bad data."""
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
        for c in range(block.channels):
            at = frame_of(block, t, c)
            if at < 0:
                continue
            entry = set_in_force(block, t, c)
            predictor, locations, state = channel_of(rows, c)
            known, network = row(knowns, c), load_i64(nets, c)
            _predict(
                predictor, locations, rows.num_locations, placed, entry.lowest, entry.highest, t
            )
            write_features(known, locations, load_i64(network, R_INPUT))
            run_step(network)
            best = load_i64(locations, 0)
            apply_outputs(
                mean_error(known), load_i64(network, R_OUTPUT), best, entry.lowest,
                entry.highest, placed + 8, state + 8 * (MEAN + GIVEN), up,
            )  # fmt: skip
            mixture_prepare(shared, state, placed)
            good, sample, reader, raw_at = decode_sample(
                shared, state, entry, payload, reader, raw_at
            )
            if not good:
                return -1, -1
            store_32(samples, c * block.frames + at, sample)
            mixture_learn(shared, state, sample)
            note_sample(known, sample, best)
            learn_base(predictor, t, sample)
    keep(all_placed)
    return reader[0], raw_at
