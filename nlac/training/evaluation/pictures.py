"""Pictures of predictions: residual, waveform, spectrograms."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nlac._output import open_output
from nlac._typing import F64
from nlac.training.evaluation.evaluate import Example
from nlac.training.signal.spectra import log_power
from nlac.views.output.figures import new_figure

_SHOWN = 200  # samples of a waveform
_SPECTROGRAM = 30.0  # seconds at most
_FLOOR_DB = -100.0


def save_pictures(example: Example, label: str, folder: str | Path, prefix: str = "") -> list[Path]:
    """Draw the residual, the waveform and the spectrograms of one channel of a recording.

    Parameters
    ----------
    example : Example
        Recording and prediction.
    label : str
        Method, for the titles.
    folder : str or Path
        Where ``residual.png``, ``waveform.png`` and ``spectrograms.png`` are written.
    prefix : str
        Put before these names.

    Returns
    -------
    list of Path
        The files; they replace earlier ones.

    Raises
    ------
    MissingDependency
        matplotlib is not installed.
    """
    item = example.item
    scale = 2.0 ** (1 - item.bits)
    true = item.samples[:, 0].astype(np.float64) * scale
    predicted = np.asarray(example.predicted, np.float64)[:, 0] * scale
    title = f"{label}: {item.name}"
    drawings: list[tuple[str, tuple[float, float], Callable[[Any], None]]] = [
        ("residual", (10, 4), lambda f: _residual(f, true, predicted, item.rate, item.bits)),
        ("waveform", (10, 4.5), lambda f: _waveform(f, true, predicted, item.rate)),
        ("spectrograms", (12, 4), lambda f: _spectrograms(f, true, predicted, item.rate)),
    ]
    written = []
    for name, size, draw in drawings:
        path = Path(folder, f"{prefix}{name}.png")
        _save(path, title, size, draw)
        written.append(path)
    return written


def _save(path: Path, title: str, size: tuple[float, float], draw: Callable[[Any], None]) -> None:
    figure = new_figure(*size)
    draw(figure)
    figure.suptitle(title, fontsize=10)
    with open_output(path, force=True) as file:
        figure.savefig(file, format="png", dpi=100)


def _residual(figure: Any, true: F64, predicted: F64, rate: int, bits: int) -> None:
    """Spectra of recording and residual, and the histogram of the residual."""
    spectrum, histogram = figure.subplots(1, 2)
    residual = true - predicted
    size = _window(len(true))
    frequencies = np.arange(size // 2 + 1) * rate / size / 1000
    for signal, name, colour in ((true, "recording", "0.6"), (residual, "residual", "C0")):
        power = 10 ** (log_power(signal, size, size // 4) / 10)
        spectrum.plot(
            frequencies, 10 * np.log10(power.mean(1)), color=colour, label=name, linewidth=1
        )
    spectrum.set_xlabel("kHz")
    spectrum.set_ylabel("mean power, dB")
    spectrum.legend()
    values = residual * 2.0 ** (bits - 1)
    reach = max(float(np.percentile(np.abs(values), 99)), 1.0)
    histogram.hist(values, 101, range=(-reach, reach), density=True, color="C0")
    histogram.set_yscale("log")
    histogram.set_xlabel("residual, in units of a sample (99 % are shown)")
    histogram.set_ylabel("density")
    for axes in (spectrum, histogram):
        axes.grid(alpha=0.25)


def _waveform(figure: Any, true: F64, predicted: F64, rate: int) -> None:
    """The loudest moment: the recording, the prediction over it, and the residual below."""
    above, below = figure.subplots(2, 1, sharex=True)
    centre = int(np.abs(true).argmax())
    begin = max(min(centre - _SHOWN // 2, len(true) - _SHOWN), 0)
    part = slice(begin, begin + _SHOWN)
    times = np.arange(len(true))[part] / rate
    above.plot(times, true[part], color="0.6", linewidth=3, label="recording")
    above.plot(times, predicted[part], color="C0", linewidth=1, label="prediction")
    above.legend(loc="upper right")
    below.plot(times, (true - predicted)[part], color="C3", linewidth=1)
    above.set_ylabel("full scale")
    below.set_ylabel("residual")
    below.set_xlabel("seconds")
    for axes in (above, below):
        axes.grid(alpha=0.25)


def _spectrograms(figure: Any, true: F64, predicted: F64, rate: int) -> None:
    """Recording, prediction and residual side by side."""
    panels = figure.subplots(1, 3, sharey=True)
    count = min(len(true), round(_SPECTROGRAM * rate))
    size = _window(count)
    image = None
    for axes, signal, name in zip(
        panels,
        (true, predicted, true - predicted),
        ("recording", "prediction", "residual"),
        strict=True,
    ):
        image = axes.imshow(
            log_power(signal[:count], size, size // 4), origin="lower", aspect="auto",
            extent=(0, count / rate, 0, rate / 2000), vmin=_FLOOR_DB, vmax=0, cmap="magma",
        )  # fmt: skip
        axes.set_title(name, fontsize=9)
        axes.set_xlabel("seconds")
    panels[0].set_ylabel("kHz")
    figure.colorbar(image, ax=panels, label="dB")


def _window(count: int) -> int:
    """Samples of a window, fewer for a short signal."""
    return 1024 if count >= 4096 else 64
