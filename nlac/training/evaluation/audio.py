"""Runs that make audio rather than code it: how far theirs is from the recording."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch

from nlac._errors import UsageError
from nlac._typing import F64
from nlac.training.data.loader import Batch
from nlac.training.evaluation.method import Measured, Method
from nlac.training.evaluation.recordings import Item
from nlac.training.evaluation.runs import Loaded
from nlac.training.evaluation.spectral import (
    MelStatistics,
    frechet_distance,
    log_spectral_distance,
    mel_cepstral_distortion,
)
from nlac.training.recipes.continuation import Continuation
from nlac.training.recipes.mel.autoencoder import MelAutoencoder
from nlac.training.recipes.mel.synthesis import rebuild
from nlac.training.signal.spectra import MelSettings


class _Audio(Method):
    """Base: distances of spectra, and statistics of all recordings."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded, self.info = loaded, loaded.info
        self._settings: MelSettings | None = None
        self._statistics: dict[str, tuple[MelStatistics, MelStatistics]] = {}

    def _distances(self, true: F64, made: F64, rate: int, prefix: str = "") -> dict[str, float]:
        """Mean distances of the channels of (frames, channels) signals in -1 to 1."""
        settings = self._settings or MelSettings(rate)
        self._settings = settings
        pair = self._statistics.setdefault(
            prefix, (MelStatistics(settings), MelStatistics(settings))
        )
        spectral, cepstral = [], []
        for a, b in zip(true.T, made.T, strict=True):
            spectral.append(log_spectral_distance(a, b))
            cepstral.append(mel_cepstral_distortion(a, b, settings))
            for statistics, signal in zip(pair, (a, b), strict=True):
                statistics.add(signal)
        return {
            f"{prefix}log_spectral_distance": float(np.mean(spectral)),
            f"{prefix}mel_cepstral_distortion": float(np.mean(cepstral)),
        }

    def totals(self) -> dict[str, float]:
        """Fréchet distance of all recordings to all that was made of them."""
        return {
            f"{prefix}frechet_distance": frechet_distance(*pair)
            for prefix, pair in self._statistics.items()
        }

    def _checked(self, item: Item) -> F64:
        """Samples in -1 to 1."""
        if self._loaded.rate not in (0, item.rate):
            raise UsageError(f"{item.rate} Hz; the model takes {self._loaded.rate} Hz")
        return item.samples.astype(np.float64) * 2.0 ** (1 - item.bits)


class Mel(_Audio):
    """A mel autoencoder: each channel is encoded, decoded, and made audible by Griffin-Lim."""

    def __init__(self, loaded: Loaded) -> None:
        super().__init__(loaded)
        assert isinstance(loaded.model, MelAutoencoder)
        self._model = loaded.model
        self._settings = loaded.model.settings.mel

    def measure(self, item: Item) -> Measured:
        """Rebuild a recording."""
        true = self._checked(item)
        begin = time.perf_counter()
        condition = self._loaded.condition(item, 1)
        label = None if condition is None else condition.cpu().numpy()
        made = np.stack([rebuild(self._model, channel, label) for channel in true.T], 1)
        seconds = time.perf_counter() - begin
        figures = self._distances(true, made, item.rate)
        return Measured(seconds, predicted=made * 2.0 ** (item.bits - 1), figures=figures)


class Continued(_Audio):
    """A model that rebuilds some seconds and goes on; the recording is cut into such pairs."""

    @torch.inference_mode()
    def measure(self, item: Item) -> Measured:
        """Rebuild and continue a recording; what is left at its end does not count."""
        model = self._loaded.model
        assert isinstance(model, Continuation)
        true, size = self._checked(item), model.settings.samples
        if model.settings.channels == 1:
            true = true.mean(1, keepdims=True)
        count = len(true) // (2 * size)
        if not count:
            raise UsageError(f"{len(true)} frames; {2 * size} or more are needed")
        if true.shape[1] != model.settings.channels:
            raise UsageError(f"{true.shape[1]} channels; the model takes {model.settings.channels}")
        pairs = true[: 2 * count * size].reshape(count, 2, size, -1)
        given, following = (pairs[:, i].reshape(count * size, -1) for i in (0, 1))
        begin = time.perf_counter()
        rebuilt, continued = [], []
        for piece in pairs[:, 0]:
            x = torch.from_numpy(piece.T.astype("f4")).to(self._loaded.device)[None]
            made = model(x)
            rebuilt.append(_frames(made.rebuilt))
            if made.following is not None:
                continued.append(_frames(made.following))
        seconds = time.perf_counter() - begin
        figures = self._distances(given, np.concatenate(rebuilt), item.rate)
        if continued:
            made = np.concatenate(continued)
            figures |= self._distances(following, made, item.rate, "continuation_")
        return Measured(seconds, figures=figures)


class Other(_Audio):
    """A recipe of a user's own, that predicts samples of a batch (`Recipe.predictions`)."""

    @torch.inference_mode()
    def measure(self, item: Item) -> Measured:
        """Predict each channel as a batch of one sequence."""
        true, loaded = self._checked(item), self._loaded
        begin = time.perf_counter()
        found: list[Any] = []
        for channel in item.samples.T:
            samples = torch.from_numpy(np.ascontiguousarray(channel))[None, None]
            mask = torch.ones(1, len(channel), dtype=torch.bool)
            label = loaded.condition(item, 1)
            labels = {} if label is None else {loaded.labels[0]: label}
            batch = Batch(samples.to(loaded.device), mask.to(loaded.device), labels)
            predicted = loaded.recipe.predictions(loaded.model, batch)
            if predicted is None:
                raise UsageError(f"{loaded.info.call} predicts no samples")
            found.append(np.asarray(predicted).reshape(-1))
        seconds = time.perf_counter() - begin
        made = np.stack(found, 1)
        if made.shape != true.shape:
            raise UsageError(f"{loaded.info.call} predicts {len(made)} frames of {len(true)}")
        figures = self._distances(true, made, item.rate)
        return Measured(seconds, predicted=made * 2.0 ** (item.bits - 1), figures=figures)


def _frames(x: torch.Tensor) -> F64:
    """(times, channels) of a batch of one."""
    return x[0].T.double().cpu().numpy()  # type: ignore[no-any-return]
