"""Waveform, spectrogram and bits of a file as a PNG picture."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from nlac._output import open_output
from nlac.views.analysis import Analysis
from nlac.views.output.figures import new_figure
from nlac.views.output.html import format_line

_COLUMNS = 1600
_ROWS = 384
_COLOURS = ("#2a6f6b", "#c8553d", "#e0a23b")
_LINE, _SOFT = "#e6e3db", "#6d6f78"


def draw(analysis: Analysis, path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Draw a file that has been looked at.

    Parameters
    ----------
    analysis : Analysis
        The file.
    path : path
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
    recording = analysis.recording
    channels, seconds = recording.channels, recording.seconds
    heights = [1.0] * channels + [1.6] * channels + [1.0] * bool(analysis.streams)
    figure = new_figure(13, 1.2 + 1.5 * sum(heights))
    grid = figure.subplots(
        len(heights), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
    )
    axes = list(grid[:, 0])
    for channel in range(channels):
        _waveform(axes[channel], analysis, channel)
        _spectrogram(axes[channels + channel], analysis, channel)
    if analysis.streams:
        _bits(axes[-1], analysis)
    axes[-1].set_xlabel("seconds")
    axes[-1].set_xlim(0, seconds)
    for each in axes:
        each.tick_params(colors=_SOFT, labelsize=8)
        for spine in each.spines.values():
            spine.set_color(_LINE)
    title = f"{analysis.name}\n{format_line(analysis.facts())}"
    # a name is text, not mathematics between dollar signs
    figure.suptitle(title, fontsize=10, parse_math=False)
    with open_output(path, force=force) as out:
        # without the version of matplotlib, the same file gives the same picture
        figure.savefig(out, format="png", dpi=110, metadata={"Software": None})


def _waveform(axes: Any, analysis: Analysis, channel: int) -> None:
    recording = analysis.recording
    peaks = analysis.peaks(_COLUMNS)
    # gaps where it is damaged, or has no numbers
    ends = np.stack([x[channel] / recording.full_scale for x in peaks.values()])
    largest = np.abs(ends[np.isfinite(ends)]).max(initial=1e-9)
    # both edges of each column
    edges = np.repeat(np.linspace(0, recording.seconds, ends.shape[1] + 1), 2)[1:-1]
    low, high = np.repeat(np.clip(ends, -largest, largest), 2, axis=1)
    axes.fill_between(edges, low, high, color=_COLOURS[0], linewidth=0.3)
    axes.set_ylim(-largest, largest)
    axes.set_ylabel(f"channel {channel + 1}", fontsize=8)


def _spectrogram(axes: Any, analysis: Analysis, channel: int) -> None:
    recording = analysis.recording
    width = min(_COLUMNS, recording.frames)
    picture = analysis.overview.spectrogram(0, recording.frames, width, _ROWS, channel)
    axes.imshow(
        picture,
        aspect="auto",
        extent=(0, recording.seconds, 0, recording.sample_rate / 2000),
        cmap="magma",
        vmin=0,
        vmax=255,
        interpolation="nearest",
    )
    axes.set_ylabel("kHz", fontsize=8)


def _bits(axes: Any, analysis: Analysis) -> None:
    rate = analysis.recording.sample_rate
    for number, (name, stream) in enumerate(analysis.streams.items()):
        values = np.mean(np.array(stream.trace["bits"], np.float64), axis=0)
        times = (stream.trace["start"] + np.arange(len(values)) * stream.trace["step"]) / rate
        label = f"{name}, {stream.bits_per_sample:.3f} bits a sample"
        axes.step(times, values, where="post", color=_COLOURS[number], linewidth=1, label=label)
    axes.margins(y=0.1)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("bits a sample", fontsize=8)
    axes.legend(loc="lower right", fontsize=8, frameon=False)
