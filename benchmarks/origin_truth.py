"""How many granules of an MP3 are recovered exactly, compared with what its decoder computed.

    python benchmarks/origin_truth.py CORPUS [--every 5]

Recordings (see origin.py) are encoded by lame and decoded by mpg123, to 16 bits and to floats. The
first is trimmed and encoded by nlac; the floats tell the lines of every granule to far below a
step. A granule of a channel is exact if all lines that its values stand for are these. Of others
than those of which samples leave more than 0 bits open (see origin_limit.py), no search can find
all. Needs flac, lame and mpg123.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from origin import CATEGORIES, ENCODERS, encoded, origin_sections, recordings
from origin_limit import bits_left_open

from nlac.codec.encoder.origin.layer3.filter_bank import analyse_slots, lines_of
from nlac.codec.encoder.origin.layer3.granule_fit import samples_of
from nlac.codec.encoder.origin.layer3.stretch import fit, length_of
from nlac.codec.encoder.origin.layer3.tables import bank
from nlac.predictors.origin.granules import LINES, SUBBAND_LINES, table_of
from nlac.predictors.origin.kinds import UNITY_GAIN

TRIMMED = 1303
GRID = 47  # frame of what mpg123 writes, at which a granule begins
NEAR = 0.05  # of lines, in steps of the samples
FLOATS = 2e-6  # what a decoder's floats add, as a part of the loudest subband sample


def exact_granules(data: bytes, decoded: NDArray[np.float64]) -> int:
    """Granules and channels of a stream whose lines are those of the decoder's floats.

    Parameters
    ----------
    data : bytes
        The stream of all but the first `TRIMMED` frames.
    decoded : (frames, C) float64
        What the decoder computed, in steps of the samples.
    """
    exact = 0
    lines = np.empty(LINES)
    for begin, table, coded in origin_sections(data):
        section, granules = coded.section, coded.units
        given = samples_of(granules, table) * (section.gain / UNITY_GAIN)
        start = TRIMMED + begin + coded.begin - section.shift
        true = np.zeros(given.shape)
        first, last = max(start, 0), min(start + given.shape[1], len(decoded))
        true[:, first - start : last - start] = decoded[first:last].T
        slots = analyse_slots(true, 2, bank())
        missed = analyse_slots(true - given, 2, bank())
        for g, channel in np.ndindex(granules.types.shape):
            own = slice(SUBBAND_LINES * g, SUBBAND_LINES * (g + 2))
            lines_of(missed[channel, own], int(granules.types[g, channel]), lines, bank())
            loudest = np.abs(slots[channel, own]).max()
            exact += int(np.abs(lines).max() < NEAR + FLOATS * loudest)
    return exact


def told_share(decoded: NDArray[np.float64], sample_rate: int) -> float:
    """Share of the granules and channels of an MP3, whose values 16-bit samples tell.

    Parameters
    ----------
    decoded : (frames, C) float64
        What its decoder computed, in steps of the samples.
    sample_rate : int
        In Hz.
    """
    table = table_of(sample_rate)
    assert table is not None
    samples = np.pad(decoded.T, ((0, 0), (2 * LINES - GRID, 0)))
    count = (samples.shape[1] - length_of(1)) // LINES + 1
    samples = np.ascontiguousarray(samples[:, : length_of(count)])
    noise = (FLOATS / 10 * np.abs(decoded).max()) ** 2 + 1e-7
    found = fit(samples, np.zeros(samples.shape, np.int8), (0, samples.shape[1]), noise, table)
    return float(np.mean(bits_left_open(found.granules, table) <= 0))


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--every", type=int, default=1, help="only every nth recording")
    options = parser.parse_args()
    encoders = {name: each for name, each in ENCODERS.items() if name.startswith("lame")}
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    with tempfile.TemporaryDirectory() as folder:
        source, stream, wav, cut = (
            Path(folder) / name for name in ("source.wav", "a.mp3", "a.wav", "cut.wav")
        )
        for recording in recordings(options.corpus, CATEGORIES)[:: options.every]:
            subprocess.run(["flac", "-s", "-d", "-f", "-o", source, recording], check=True)
            for encoder, each in encoders.items():
                subprocess.run(each.command(source, stream), check=True)
                subprocess.run(["mpg123", "-q", "-w", wav, stream], check=True)
                floats = subprocess.run(
                    ["mpg123", "-q", "-e", "f32", "-s", stream], check=True, stdout=subprocess.PIPE
                ).stdout
                samples, rate = soundfile.read(wav, dtype="int16", always_2d=True)
                decoded = np.frombuffer(floats, "<f4").reshape(samples.shape) * 32768.0
                soundfile.write(cut, samples[TRIMMED:], rate, "PCM_16")
                data = encoded(cut, "standard", "auto")
                count = (len(samples) - TRIMMED) / LINES * samples.shape[1]
                exact = exact_granules(data, decoded)
                size = stream.stat().st_size * (1 - TRIMMED / len(samples))
                told = told_share(decoded, rate)
                share, part = exact / count, len(data) / size
                print(
                    f"{recording.stem} {encoder}: {share:.3f} exact, {told:.3f} told by samples, "
                    f"size {part:.3f}",
                    flush=True,
                )
                row = {"count": count, "exact": exact, "told": told * count}
                for key, value in {**row, "ours": len(data), "size": size}.items():
                    sums[encoder][key] += value
    print("| stream | granules exact | told by samples | of the MP3 |")
    print("| --- | --- | --- | --- |")
    for encoder, sum_of in sums.items():
        share, told = sum_of["exact"] / sum_of["count"], sum_of["told"] / sum_of["count"]
        print(f"| {encoder} | {share:.3f} | {told:.3f} | {sum_of['ours'] / sum_of['size']:.3f} |")


if __name__ == "__main__":
    main()
