"""Picture of a divergence: the signals where they part, and their distance over time."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nlac._output import open_output
from nlac.training.generation.divergence import Divergence
from nlac.views.output.figures import new_figure

_AROUND = 400  # samples drawn about the place where the runs begin to differ


def save_divergence(result: Divergence, path: str | Path, *, force: bool = False) -> None:
    """Draw a divergence.

    Parameters
    ----------
    result : Divergence
        What to draw.
    path : str or Path
        PNG file to write.
    force : bool
        Replace an existing file.

    Raises
    ------
    MissingDependency
        matplotlib is not installed.
    OutputExists
        The file exists.
    """
    figure = new_figure(9, 11)
    wave, *panels = figure.subplots(5, 1)
    begin = max((result.first_difference or 0) - _AROUND // 4, 0)
    part = slice(begin, begin + _AROUND)
    seconds = np.arange(len(result.truth)) / result.rate
    for name, samples, colour in (
        ("recording", result.truth, "0.6"),
        ("teacher-forced", result.forced, "C0"),
        ("free", result.free, "C3"),
    ):
        wave.plot(seconds[part], samples[part], color=colour, label=name, linewidth=1)
    wave.legend(loc="upper right")
    wave.set_ylabel("full scale")
    times = np.arange(len(result.free_track.snr)) * result.window / result.rate
    for axes, name, unit in zip(
        panels,
        ("snr", "energy", "spectral_distance", "lag"),
        ("SNR, dB", "energy over\nthe recording's, dB", "spectral distance, dB", "lag, samples"),
        strict=True,
    ):
        for track, colour in ((result.forced_track, "C0"), (result.free_track, "C3")):
            axes.plot(times, getattr(track, name), color=colour, marker=".", linewidth=1)
        if result.parted is not None:
            axes.axvline(result.parted / result.rate, color="0.4", linestyle=":")
        axes.set_ylabel(unit)
        axes.grid(alpha=0.25)
    panels[-1].set_xlabel("seconds after the beginning")
    figure.suptitle(result.summary(), fontsize=9, wrap=True)
    with open_output(path, force=force) as out:
        figure.savefig(out, format="png", dpi=110)
