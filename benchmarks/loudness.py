"""Speed of loudness measurement beside the filter ebur128 of ffmpeg, on one core.

    python benchmarks/loudness.py [SECONDS]

Prints a line for each signal and rate: how many times faster than real time integrated loudness,
range, sample peak and true peak are measured, by nlac and by ffmpeg (decoding of a float WAV file
included), and what both find. The first second, which loads compiled loops, does not count.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from nlac.loudness import LoudnessMeter, measure


def signals(seconds: int, rate: int) -> dict[str, np.ndarray]:
    """White noise, where every part may hold the peak, and something like music. (frames, 2)."""
    rng = np.random.default_rng(1)
    frames = seconds * rate
    noise = rng.normal(0, 0.05, (frames, 2))
    level = np.interp(np.arange(frames), np.linspace(0, frames, 200), rng.uniform(0.1, 1, 200))
    smooth = np.cumsum(noise, axis=0)
    smooth -= np.concatenate([np.zeros((rate // 50, 2)), smooth[: -(rate // 50)]])
    return {"noise": noise, "music": 0.1 * level[:, None] * smooth}


def ffmpeg(path: Path) -> tuple[float, str]:
    """Seconds of processor time that ffmpeg takes, and the loudness that it finds."""
    command = ["ffmpeg", "-nostats", "-threads", "1", "-i", path]
    command += ["-af", "ebur128=peak=true+sample", "-f", "null", "-"]
    before = os.times()
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    after = os.times()
    found = re.findall(r"I:\s+(\S+) LUFS", told)
    taken = after.children_user + after.children_system
    return taken - before.children_user - before.children_system, found[-1]


def main() -> None:
    """Print the table."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    print("signal rate   nlac     ffmpeg   ratio  LUFS (nlac, ffmpeg)")
    with tempfile.TemporaryDirectory() as folder:
        for rate in (44_100, 96_000):
            meter = LoudnessMeter(rate, 2)
            meter.push(np.zeros((rate, 2)))
            for name, samples in signals(seconds, rate).items():
                path = Path(folder) / "a.wav"
                soundfile.write(path, samples, rate, "FLOAT")
                del samples
                begin = time.process_time()
                loudness = measure(path)
                mine = time.process_time() - begin
                theirs, found = ffmpeg(path)
                print(
                    f"{name:6} {rate:6} {seconds / mine:6.0f} x {seconds / theirs:7.0f} x "
                    f"{theirs / mine:6.1f}  {loudness.integrated:.2f} {found}"
                )


if __name__ == "__main__":
    main()
