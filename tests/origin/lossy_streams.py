"""Streams with origin blocks, made of granules: no encoder has to find these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from lossy_signals import random_granules
from numpy.typing import NDArray

from nlac.audio.format import AudioFormat
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.writer import StreamWriter
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.encoder.origin.block import encode_runs
from nlac.codec.encoder.origin.recovered import Recovered
from nlac.codec.encoder.payload import encode_block
from nlac.codec.encoder.stream import make_header
from nlac.codec.transforms.pcm import PcmDigest
from nlac.predictors.origin.granules import LINES, NO_STEP, Granules, bands_of, table_of
from nlac.predictors.origin.kinds import UNITY_GAIN
from nlac.predictors.origin.lossy import LAYER3
from nlac.predictors.origin.output import Output
from nlac.predictors.origin.synthesis import synthesise
from nlac.predictors.registry import predictor_by_id

# kind, step 1, offset 0
_CHANNEL = bytes([3, 1, 0])
_LEAD = 2  # granules before a run


@dataclass(frozen=True)
class Lossy:
    """What a lossy stream gave to frames `begin` to `end` of a recording.

    `shift` is the sample of its synthesis at frame `begin`.
    """

    begin: int
    end: int
    shift: int = 700
    seed: int = 1
    gain: float = 1.0
    rounding: int = 0
    lines: int = 400
    mid_side: bool = True


def quiet_granules(one: Lossy, channels: int, table: int) -> Granules:
    """Granules without lines above `one.lines`, and 20 dB below those of `random_granules`."""
    count = -(-(one.shift + one.end - one.begin) // LINES)
    granules = random_granules(one.seed, count, channels, table)
    granules.values[:, :, one.lines :] = 0
    if not one.mid_side:
        granules.mid_side[:] = 0
    bands = bands_of(table)
    for g in range(count):
        for c in range(channels):
            band_of = bands.short if granules.types[g, c] == 2 else bands.long
            for b in range(band_of.max() + 1):
                if not granules.values[g, c, band_of == b].any():
                    granules.steps[g, c, b] = NO_STEP
    granules.steps[granules.steps != NO_STEP] -= 14
    return granules


def recording(frames: int, channels: int, seed: int = 9) -> NDArray[np.int32]:
    """Tones and noise that no lossy stream held, (channels, frames)."""
    rng = np.random.default_rng(seed)
    t = np.arange(frames)
    tones = [sum(np.sin(0.01 * (k + c) * t) / k for k in (1, 2, 5)) for c in range(channels)]
    return np.rint(900 * np.stack(tones) + rng.normal(0, 20, (channels, frames))).astype(np.int32)


def lossy_stream(
    frames: int,
    stretches: Sequence[Lossy],
    *,
    channels: int = 2,
    sample_rate: int = 44100,
    bits: int = 16,
    block: int = 20_000,
    missed: float = 0.001,
    **options: object,
) -> tuple[bytes, NDArray[np.int32]]:
    """Make a stream; returns its bytes, and its samples, (frames, channels).

    `missed` is the share of samples that the decoder of the lossy stream rounded otherwise.
    """
    table = table_of(sample_rate)
    assert table is not None
    samples, runs = recording(frames, channels), []
    random = np.random.default_rng(5)
    for one in stretches:
        granules = quiet_granules(one, channels, table)
        output = Output(round(one.gain * UNITY_GAIN), one.rounding, bits)
        made, _ = synthesise(granules, table, output, one.shift, one.end - one.begin)
        odd = random.random(made.shape) < missed
        samples[:, one.begin : one.end] = made + odd * random.choice([-1, 1], made.shape)
        runs.append(Recovered(LAYER3, one.begin, one.end, one.shift, one.gain, table, granules))
    chosen = EncodeOptions(**{"preset": "fast", **options})
    header = make_header(AudioFormat(sample_rate, channels, bits), chosen, frames)
    writer, digest = StreamWriter(header), PcmDigest(bits)
    data = writer.begin()
    shaped = np.ascontiguousarray(samples.T)
    if bits == 16:
        shaped = shaped.astype(np.int16)
    for begin in range(0, frames, block):
        end = min(begin + block, frames)
        part = shaped[begin:end]
        digest.update(part)
        within = [each for run in runs if (each := run.within(begin, end)) is not None]
        inside = [each for each in within if each.end - each.begin >= 2 * LINES]
        payload = _origin_payload(part, inside, header, chosen)
        data += writer.block(payload or encode_block(part, header, chosen), end - begin)
    return data + writer.end(digest.digest()), samples.T


def _origin_payload(
    samples: NDArray[np.generic],
    runs: list[Recovered],
    header: StreamHeader,
    options: EncodeOptions,
) -> bytes | None:
    if not runs:
        return None
    method = predictor_by_id(header.predictor_id).method
    head = bytes([1]) + _CHANNEL * samples.shape[1]
    coded = encode_runs(
        np.ascontiguousarray(samples.T).astype(np.int32), runs, header.bits_per_sample,
        lambda others: method.encode(others, header, replace(options, entry_seconds=0), head),
    )  # fmt: skip
    return None if coded is None else head + coded
