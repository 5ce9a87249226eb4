"""Frames of AAC-LC and the samples that they give, for tests: a decoder by formulas alone."""

from __future__ import annotations

from functools import cache

import numpy as np
from aac_noise import in_order, moved_on, values_after
from aac_random import NEXT, line_bands

from nlac.predictors.origin.aac.frames import (
    IN_PHASE,
    KBD,
    LINES,
    LONG,
    MID_SIDE,
    NO_STEP,
    OUT_OF_PHASE,
    SHORT,
    START,
    STOP,
    WINDOWS,
    Frames,
    bands_of,
    empty_frames,
)


def music_frames(
    seed: int, count: int, channels: int, table: int = 0, *, registers: bool = False
) -> Frames:
    """Frames like those of music: louder in low bands, all sequences and kinds of stereo.

    Noise is that of shift registers or of a congruential generator.
    """
    rng = np.random.default_rng(seed)
    frames = empty_frames(count, channels)
    bands = bands_of(table)
    frames.first_shapes[:] = KBD
    kind, state = LONG, (int(rng.integers(2**32)), 1 if registers else 0)
    level = 36
    for f in range(count):
        kind = int(NEXT[kind][0] if rng.random() < 0.8 else rng.choice(NEXT[kind]))
        frames.sequences[f] = kind
        frames.shapes[f] = KBD if rng.random() < 0.9 else 0
        if kind == SHORT:
            frames.groups[f] = rng.integers(128)
        level = min(36, level + int(rng.integers(-1, 2)))
        for c in range(channels):
            band_of = line_bands(frames, f, c, bands)
            step = level
            for b in range(band_of.max() + 1):
                lines = np.flatnonzero(band_of == b)
                place = int(lines[0])
                if place > 700:
                    continue
                step = level + (step - level) // 2 + int(rng.integers(-2, 3)) - place // 100
                stereo = 0
                if channels == 2:
                    stereo = int(frames.stereo[f, b])
                    if c == 0:
                        stereo = int(rng.choice([0, MID_SIDE, MID_SIDE]))
                        if place > 300 and rng.random() < 0.3:
                            stereo = int(rng.integers(IN_PHASE, OUT_OF_PHASE + 1))
                        frames.stereo[f, b] = stereo
                if c == 1 and stereo >= IN_PHASE:
                    frames.steps[f, c, b] = rng.integers(-4, 12)
                    continue
                if kind != SHORT and stereo == 0 and place > 300 and rng.random() < 0.3:
                    frames.noise[f, c, b] = 1
                    frames.steps[f, c, b] = step + 6
                    continue
                values = np.rint(rng.laplace(0, 4 / (1 + place / 60) + 0.4, len(lines)))
                if values.any():
                    frames.steps[f, c, b] = step
                    frames.values[f, c, lines] = values
        for c, b in in_order(frames.noise[f], channels == 2, state[1]):
            frames.states[f, c, b] = state
            state = moved_on(state, np.count_nonzero(line_bands(frames, f, c, bands) == b))
    return frames


def filtered(lines: np.ndarray, indices: np.ndarray, falling: bool, bits: int = 4) -> np.ndarray:
    """Lines after a filter with reflection coefficients of some indices."""
    half = 2 ** (bits - 1)
    scale = np.where(indices >= 0, half - 0.5, half + 0.5)
    taps = np.zeros(0)
    for factor in np.sin(indices * (np.pi / 2) / scale):
        taps = np.append(taps + factor * taps[::-1], factor)
    out = lines[::-1].copy() if falling else lines.copy()
    for i in range(len(out)):
        for k in range(min(i, len(taps))):
            out[i] -= taps[k] * out[i - 1 - k]
    return out[::-1] if falling else out


def lines_of(frames: Frames, table: int) -> np.ndarray:
    """Lines that frames stand for, (F, C, 1024)."""
    bands = bands_of(table)
    out = np.zeros(frames.values.shape)
    for f in range(frames.length):
        for c in range(frames.channels):
            band_of = line_bands(frames, f, c, bands)
            for b in range(band_of.max() + 1):
                lines = np.flatnonzero(band_of == b)
                step = int(frames.steps[f, c, b])
                if frames.noise[f, c, b]:
                    low, high = (int(word) for word in frames.states[f, c, b])
                    for w in sorted(set(lines % WINDOWS)) if _is_short(frames, f, c) else [None]:
                        own = lines if w is None else lines[lines % WINDOWS == w]
                        values = values_after((low, high), len(own))
                        out[f, c, own] = values * 2 ** (step / 4) / np.sqrt(np.sum(values**2))
                        low, high = moved_on((low, high), len(own))
                elif c == 1 and frames.stereo[f, b] >= IN_PHASE:
                    sign = -1 if frames.stereo[f, b] == OUT_OF_PHASE else 1
                    out[f, 1, lines] = sign * out[f, 0, lines] * 2 ** (-step / 4)
                elif step != NO_STEP:
                    values = frames.values[f, c, lines].astype(np.float64)
                    out[f, c, lines] = np.sign(values) * np.abs(values) ** (4 / 3) * 2 ** (step / 4)
        if frames.channels == 2:
            pairs = frames.stereo[f][line_bands(frames, f, 0, bands)] == MID_SIDE
            middle, side = out[f, 0, pairs], out[f, 1, pairs]
            out[f, 0, pairs], out[f, 1, pairs] = middle + side, middle - side
        for c in range(frames.channels):
            for kind, indices in zip(frames.filters[f, c], frames.reflections[f, c], strict=True):
                begin, end = bands.long_starts[kind[0]], bands.long_starts[kind[1]]
                taken = indices[: kind[2]].astype(np.int64)
                out[f, c, begin:end] = filtered(out[f, c, begin:end], taken, bool(kind[3]))
    return out


def _is_short(frames: Frames, f: int, c: int) -> bool:
    return bool(frames.sequences[f, c] == SHORT)


def _slope(shape: int, length: int) -> np.ndarray:
    if shape != KBD:
        return np.sin(np.pi / (2 * length) * (np.arange(length) + 0.5))
    sums = np.cumsum(np.kaiser(length + 1, np.pi * (4 if length == LINES else 6)))
    return np.sqrt(sums[:-1] / sums[-1])


@cache
def _waves(count: int) -> np.ndarray:
    places = np.arange(2 * count)[:, None] + (count + 1) / 2
    return np.cos(np.pi / count * places * (np.arange(count) + 0.5)) * np.sqrt(2 / count)


def _imdct(lines: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return _waves(len(lines)) @ lines * np.concatenate([left, right[::-1]])


def samples_of(frames: Frames, lines: np.ndarray) -> np.ndarray:
    """Samples of frames by the formula of the inverse MDCT, (C, 1024 * (F + 1))."""
    out = np.zeros((frames.channels, LINES * (frames.length + 1)))
    flat = np.zeros(448)
    for c in range(frames.channels):
        left = int(frames.first_shapes[c])
        for f in range(frames.length):
            right, kind = int(frames.shapes[f, c]), frames.sequences[f, c]
            if kind == SHORT:
                for w in range(WINDOWS):
                    begin = LINES * f + 448 + 128 * w
                    slopes = _slope(left if w == 0 else right, 128), _slope(right, 128)
                    out[c, begin : begin + 256] += _imdct(lines[f, c, w::8], *slopes)
            else:
                slopes = _slope(left, LINES), _slope(right, LINES)
                if kind == STOP:
                    slopes = np.concatenate([flat, _slope(left, 128), flat + 1]), slopes[1]
                if kind == START:
                    slopes = slopes[0], np.concatenate([flat, _slope(right, 128), flat + 1])
                out[c, LINES * f : LINES * (f + 2)] += _imdct(lines[f, c], *slopes)
            left = right
    return out
