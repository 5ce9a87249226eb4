"""The loops of blocks with a network (`cnn`, `gru`), compiled.

A decoder takes one step after the other: cascade, network, mixture. An encoder knows the
samples, and the cascade does not depend on the network; so it lets the cascade run
ahead, then the network over all that the cascade knew, then the mixture.
"""

from __future__ import annotations

import numpy as np

from nlac._kernels import kernel
from nlac._memory import address, load_i32, load_i64, store_32, store_64
from nlac.bitstream.bits import put_bits
from nlac.bitstream.rangecoder import (
    FULL,
    ZERO,
    decode_advance,
    decode_quantile,
    decode_start,
    encode_interval,
    seal,
)
from nlac.codec.cascade_layout import GIVEN, MEAN
from nlac.codec.cascade_loop import PIECE, SPAN
from nlac.codec.cascade_mixture import (
    mixture_code,
    mixture_decode,
    mixture_learn,
    mixture_prepare,
)
from nlac.codec.lpc_plan import (
    FINE,
    FINEST,
    FIRST,
    HIGHEST,
    KIND,
    LAST,
    LOOKUP,
    LOWEST,
    OFFSET,
    SET_FIELDS,
    STEP,
)
from nlac.codec.lpc_steps import rank_near, value
from nlac.predictors.cascade_predict import learn_sample, predict_sample, set_lag
from nlac.predictors.network_features import (
    mean_error,
    note_sample,
    take_answers,
    tell_features,
)
from nlac.predictors.networks.step import R_INPUT, R_OUTPUT, run_step

# cells of an encoder's state (uint64)
POS, LOWER, RANGE, HELD, FIRST_WORD, RAW_POS, BITS, FILL = range(8)


@kernel
def _entry(sets_row, value_set, t, channels, c):
    """Address of the fields of the value set in force."""
    # so that a set's fields have the places that they have in a cell of `lpc`
    table = sets_row - 8 * KIND
    return table + 8 * SET_FIELDS * load_i64(value_set, (t // PIECE) * channels + c)


@kernel
def _predict(predictor, locations, count, placed, low, high, t):
    """Predict; keep the locations within the value set, and copy them to `placed`.

    There the second place is left free for the network's.
    """
    predict_sample(predictor, t)
    for i in range(count - 1):
        place = min(max(load_i64(locations, i), low), high)
        store_64(locations, i, place)
        store_64(placed, i if i == 0 else i + 1, place)


@kernel
def _set_lags(rows, row_bytes, channels, lags, t):
    lag = load_i64(lags, t // SPAN)
    if lag > t:
        lag = np.int64(0)  # not in the block yet
    for c in range(channels):
        set_lag(rows + c * row_bytes, lag)


@kernel
def cascade_pass(
    course, sets, predictors, location_rows, count, known_rows, pcm, begin, end, features, placed,
    means,
):  # fmt: skip
    """Let the cascade run over the times `begin` to `end` (excluded) of known samples.

    What is known before each sample goes to `features` (channels, times, FEATURES), the locations
    to `placed` (channels, times, count), the second left free, and the unit to `means`.
    """
    frames, channels = course.frames, len(course.delay)
    delays, lags, value_set = address(course.delay), address(course.lag), address(course.value_set)
    table, samples = address(sets.rows), address(pcm)
    rows, row_bytes = address(predictors), 8 * predictors.shape[1]
    places, place_bytes = address(location_rows), 8 * location_rows.shape[1]
    knowns, known_bytes = address(known_rows), 8 * known_rows.shape[1]
    told, told_bytes = address(features), 2 * features.shape[2]
    out, out_bytes = address(placed), 8 * placed.shape[2]
    units, length = address(means), features.shape[1]
    for t in range(begin, end):
        if t % PIECE == 0:
            _set_lags(rows, row_bytes, channels, lags, t)
        for c in range(channels):
            at = t - load_i64(delays, c)
            if at < 0 or at >= frames:
                continue
            entry = _entry(table, value_set, t, channels, c)
            predictor, known = rows + c * row_bytes, knowns + c * known_bytes
            locations = places + c * place_bytes
            row = c * length + t - begin
            _predict(
                predictor, locations, count, out + row * out_bytes, load_i64(entry, LOWEST),
                load_i64(entry, HIGHEST), t,
            )  # fmt: skip
            tell_features(known, locations, told + row * told_bytes)
            store_64(units, row, mean_error(known))
            sample = load_i32(samples, c * frames + at)
            note_sample(known, sample, load_i64(locations, 0))
            learn_sample(predictor, t, sample)


@kernel
def coding_pass(
    course, sets, count, shared_row, mixtures, powers, pcm, begin, end, placed, means, answers,
    coder, word_buffer, raw_buffer,
):  # fmt: skip
    """Code the samples of the times `begin` to `end` with the network's answers.

    Returns whether all samples were in their value sets. `coder` keeps the encoder's state.
    """
    frames, channels = course.frames, len(course.delay)
    delays, value_set = address(course.delay), address(course.value_set)
    table, values, ranks = address(sets.rows), address(sets.values), address(sets.ranks)
    shared, samples, up = address(shared_row), address(pcm), address(powers)
    states, state_bytes = address(mixtures), 8 * mixtures.shape[1]
    places, place_bytes = address(placed), 8 * placed.shape[2]
    told, told_bytes = address(answers), 2 * answers.shape[2]
    units, length = address(means), placed.shape[1]
    words, raw = address(word_buffer), address(raw_buffer)
    pos, lower, rng = np.int64(coder[POS]), coder[LOWER], coder[RANGE]
    held, first_word = np.int64(coder[HELD]), coder[FIRST_WORD]
    raw_pos, acc, fill = np.int64(coder[RAW_POS]), coder[BITS], np.int64(coder[FILL])
    for t in range(begin, end):
        for c in range(channels):
            at = t - load_i64(delays, c)
            if at < 0 or at >= frames:
                continue
            entry = _entry(table, value_set, t, channels, c)
            kind, step = load_i64(entry, KIND), load_i64(entry, STEP)
            offset, lookup = load_i64(entry, OFFSET), load_i64(entry, LOOKUP)
            low, high = load_i64(entry, FIRST), load_i64(entry, LAST)
            spread = load_i64(entry, FINE) - FINEST
            state = states + c * state_bytes
            row = c * length + t - begin
            locations = places + row * place_bytes
            take_answers(
                load_i64(units, row), told + row * told_bytes, load_i64(locations, 0),
                load_i64(entry, LOWEST), load_i64(entry, HIGHEST), locations + 8,
                state + 8 * (MEAN + GIVEN), up,
            )  # fmt: skip
            mixture_prepare(shared, state, locations)
            sample = load_i32(samples, c * frames + at)
            rank = sample
            if kind > 0:
                rank = rank_near(kind, step, offset, values, ranks, lookup, low, high, sample << 8)
            if rank < low or rank > high or value(kind, step, offset, values, rank) != sample:
                return False
            left, width, rest, low_bits = mixture_code(
                shared, state, kind, step, offset, values, low, high, spread, rank
            )
            if low_bits > 0:
                raw_pos, acc, fill = put_bits(raw, raw_pos, acc, fill, rest, low_bits)
            pos, lower, rng, held, first_word = encode_interval(
                words, pos, lower, rng, held, first_word, left, width
            )
            mixture_learn(shared, state, sample)
    coder[POS], coder[LOWER], coder[RANGE] = np.uint64(pos), lower, rng
    coder[HELD], coder[FIRST_WORD] = np.uint64(held), first_word
    coder[RAW_POS], coder[BITS], coder[FILL] = np.uint64(raw_pos), acc, np.uint64(fill)
    return True


@kernel
def start_coder(coder):
    """Set an encoder's state to the first one."""
    coder[:] = ZERO
    coder[RANGE] = FULL


@kernel
def end_coder(coder, word_buffer, raw_buffer):
    """Write what the encoder still holds; returns the lengths of both buffers."""
    raw_pos, acc, fill = np.int64(coder[RAW_POS]), coder[BITS], np.int64(coder[FILL])
    if fill > 0:
        raw_pos, acc, fill = put_bits(address(raw_buffer), raw_pos, acc, fill, 0, 32 - fill)
    pos = seal(
        address(word_buffer), np.int64(coder[POS]), coder[LOWER], coder[RANGE],
        np.int64(coder[HELD]), coder[FIRST_WORD],
    )  # fmt: skip
    return pos, raw_pos


@kernel
def decode_with_network(
    course, sets, predictors, location_rows, count, known_rows, networks, shared_row, mixtures,
    powers, pcm, word_buffer, raw_buffer,
):  # fmt: skip
    """Decode all samples into `pcm`; returns words and raw bits used, or -1, -1 on bad data."""
    frames, channels = course.frames, len(course.delay)
    delays, lags, value_set = address(course.delay), address(course.lag), address(course.value_set)
    table, values, ranks = address(sets.rows), address(sets.values), address(sets.ranks)
    shared, samples, up = address(shared_row), address(pcm), address(powers)
    rows, row_bytes = address(predictors), 8 * predictors.shape[1]
    places, place_bytes = address(location_rows), 8 * location_rows.shape[1]
    knowns, known_bytes = address(known_rows), 8 * known_rows.shape[1]
    states, state_bytes = address(mixtures), 8 * mixtures.shape[1]
    nets = address(networks)
    words, raw = address(word_buffer), address(raw_buffer)
    num_words, num_raw = len(word_buffer), len(raw_buffer)
    all_placed = np.zeros(count, np.int64)
    placed = address(all_placed)
    pos, lower, rng, point = decode_start(words, num_words)
    raw_at = 0
    total = frames + course.delay.max()
    for t in range(total):
        if t % PIECE == 0:
            _set_lags(rows, row_bytes, channels, lags, t)
        for c in range(channels):
            at = t - load_i64(delays, c)
            if at < 0 or at >= frames:
                continue
            entry = _entry(table, value_set, t, channels, c)
            kind, step = load_i64(entry, KIND), load_i64(entry, STEP)
            offset, lookup = load_i64(entry, OFFSET), load_i64(entry, LOOKUP)
            low, high = load_i64(entry, FIRST), load_i64(entry, LAST)
            spread = load_i64(entry, FINE) - FINEST
            predictor, known = rows + c * row_bytes, knowns + c * known_bytes
            locations, state = places + c * place_bytes, states + c * state_bytes
            lowest, highest = load_i64(entry, LOWEST), load_i64(entry, HIGHEST)
            _predict(predictor, locations, count, placed, lowest, highest, t)
            network = load_i64(nets, c)
            tell_features(known, locations, load_i64(network, R_INPUT))
            run_step(network)
            best = load_i64(locations, 0)
            take_answers(
                mean_error(known), load_i64(network, R_OUTPUT), best, lowest, highest, placed + 8,
                state + 8 * (MEAN + GIVEN), up,
            )  # fmt: skip
            mixture_prepare(shared, state, placed)
            q = decode_quantile(lower, rng, point)
            if q < 0:
                return -1, -1
            left, width, rank, raw_at = mixture_decode(
                shared, state, kind, step, offset, values, low, high, spread, ranks, lookup, q,
                raw, num_raw, raw_at,
            )
            if width == 0:
                return -1, -1
            pos, lower, rng, point = decode_advance(
                words, num_words, pos, lower, rng, point, left, width
            )
            sample = value(kind, step, offset, values, rank)
            store_32(samples, c * frames + at, sample)
            mixture_learn(shared, state, sample)
            note_sample(known, sample, best)
            learn_sample(predictor, t, sample)
    return pos, raw_at
