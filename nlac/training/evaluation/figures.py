"""Figures of a method: of each recording, and of all together.

Of all recordings together, errors are means over samples and bits are sums over samples; ratios in
dB, and distances of spectra, are means over recordings, as is the entropy of the residual, weighted
by samples.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nlac.bench.results import REFERENCE, Row
from nlac.training.evaluation import metrics
from nlac.training.evaluation.method import Measured
from nlac.training.evaluation.recordings import Item

# how figures of recordings become one: weighted by samples, or each recording alike
_BY_SAMPLES = (
    "bits_per_sample", "cross_entropy", "accuracy", "mse", "mae", "residual_entropy",
)  # fmt: skip
_BY_RECORDING = (
    "snr", "segmental_snr", "prediction_gain", "log_spectral_distance",
    "mel_cepstral_distortion", "continuation_log_spectral_distance",
    "continuation_mel_cepstral_distortion",
)  # fmt: skip


def of_recording(item: Item, measured: Measured) -> dict[str, Any]:
    """Figures of one recording.

    Parameters
    ----------
    item : Item
        The recording.
    measured : Measured
        What a method made of it.

    Returns
    -------
    dict
        ``samples``; ``bits_per_sample`` and ``bits_are`` (see `Measured`); ``cross_entropy``;
        ``mse``, ``mae`` in units of a sample; ``snr``, ``segmental_snr``, ``prediction_gain`` in
        dB; ``residual_entropy`` in bits; ``samples_per_second``; what the method adds. None where
        a figure does not exist or is not finite.
    """
    count = item.samples.size
    found: dict[str, Any] = {"samples": count}
    if measured.bits is not None:
        found["bits_per_sample"] = measured.bits / count
        found["bits_are"] = measured.bits_are
        found["cross_entropy"] = measured.cross_entropy
    if measured.predicted is not None:
        # time last, as the metrics have it
        true, predicted = item.samples.T, np.asarray(measured.predicted).T
        rounded = np.rint(predicted).astype(np.int64)
        residual = true.astype(np.int64) - rounded
        found |= {
            "mse": metrics.mean_squared_error(true, predicted),
            "mae": metrics.mean_absolute_error(true, predicted),
            "snr": metrics.snr(true, predicted),
            "segmental_snr": metrics.segmental_snr(true, predicted),
            "prediction_gain": metrics.prediction_gain(true, true - predicted),
            "residual_entropy": float(
                np.mean([metrics.residual_entropy(channel) for channel in residual])
            ),
        }
    found |= measured.figures
    found["samples_per_second"] = count / max(measured.seconds, 1e-9)
    return {name: _finite(value) for name, value in found.items()}


def of_all(rows: Sequence[Row], references: Mapping[str, float]) -> dict[str, Any]:
    """Figures of one method over all recordings.

    Parameters
    ----------
    rows : sequence of Row
        Rows of the method.
    references : mapping of str to float
        Bits of the reference, by recording.

    Returns
    -------
    dict
        As of one recording, with ``recordings``; and ``versus_reference``, the size relative to
        that of the reference, minus 1, over the recordings that both coded.
    """
    good = [row for row in rows if row.ok]
    found: dict[str, Any] = {
        "recordings": len(good),
        "samples": sum(row.figures["samples"] for row in good),
    }
    for name in (*_BY_SAMPLES, *_BY_RECORDING):
        pairs = [
            (row.figures[name], row.figures["samples"] if name in _BY_SAMPLES else 1)
            for row in good
            if row.figures.get(name) is not None
        ]
        if pairs:
            found[name] = sum(v * w for v, w in pairs) / sum(w for _, w in pairs)
    kinds = {row.figures["bits_are"] for row in good if row.figures.get("bits_are")}
    if kinds:
        found["bits_are"] = kinds.pop()
    both = [row for row in good if row.file in references and "bits_per_sample" in row.figures]
    base = sum(references[row.file] for row in both)
    if base:
        found["versus_reference"] = sum(bits_of(row) for row in both) / base - 1
    spent = sum(row.figures["samples"] / row.figures["samples_per_second"] for row in good)
    if spent:
        found["samples_per_second"] = found["samples"] / spent
    return found


def bits_of(row: Row) -> float:
    """Bits of all samples of a recording."""
    return float(row.figures["bits_per_sample"] * row.figures["samples"])


def references_of(rows: Sequence[Row]) -> dict[str, float]:
    """Bits of the reference, FLAC, by recording."""
    return {row.file: bits_of(row) for row in rows if row.codec == REFERENCE and row.ok}


def _finite(value: Any) -> Any:
    """None for what JSON cannot hold: the SNR of an exact prediction, or of silence."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
