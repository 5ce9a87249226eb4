"""The recipe `codec`: networks for the predictors `cnn` and `gru`."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from nlac._errors import NlacError, UsageError
from nlac.bench.corpus import MANIFEST
from nlac.predictors.networks.models import open_model
from nlac.training.codec.crops import Crop
from nlac.training.codec.loss import code_length
from nlac.training.codec.modules import Cnn, Gru, adopt, make_module
from nlac.training.codec.pool import Batch, Pool, valid_crops
from nlac.training.codec.quantise import from_network, raw_features, rounded_parameters
from nlac.training.codec.recordings import DatasetItem, Recording, find_recordings
from nlac.training.codec.settings import CodecData, CodecModel
from nlac.training.recipes.base import Feed, Figure, Recipe, part_of
from nlac.training.recipes.registry import register
from nlac.training.runs.checkpoints import best_weights

NETWORK = "network."
_TOGETHER = 4  # crops validated at a time
# logarithms of the shares of the network's three parts, and of the mixture without it
_FIRST_SHARES = (-1.5, -1.0, -1.5, 0.5)


class CodecNetwork(nn.Module):
    """A network, and the shares of its distributions in the mixture that codes samples.

    Attributes
    ----------
    network : Cnn or Gru
        The network.
    shares : (4,) float Parameter
        See `nlac.training.codec.loss.code_length`.
    is_quantised : bool
        Whether to train with weights and activations rounded as in the export.
    """

    def __init__(self, network: Cnn | Gru) -> None:
        super().__init__()
        self.network = network
        self.shares = nn.Parameter(torch.tensor(_FIRST_SHARES))
        self.is_quantised = False

    def forward(self, features: Tensor) -> Tensor:
        """Outputs, (sequences, times, OUTPUTS), for (sequences, times, FEATURES) integers."""
        inputs = raw_features(features)
        # what counts in validation is the export
        if not self.is_quantised and self.training:
            outputs: Tensor = self.network(inputs)
            return outputs.float()
        parameters = rounded_parameters(dict(self.network.named_parameters()))
        with torch.autocast(inputs.device.type, enabled=False):
            rounded: Tensor = functional_call(self.network, parameters, (inputs, True))
        return rounded


class CodecFeed:
    """Crops of recordings, and the crops of all validations.

    Parameters
    ----------
    pool : Pool
        Crops for training.
    held_out : sequence of Crop
        Crops for validation.
    facts : mapping
        See `Feed`.
    """

    def __init__(self, pool: Pool, held_out: Sequence[Crop], facts: Mapping[str, Any]) -> None:
        self.facts = facts
        self._pool = pool
        self._held_out = list(_alike(held_out))

    def batches(self, first_step: int, workers: int, rank: int, count: int) -> Iterator[Batch]:
        """Yield batches; crops are made in this process, whatever the number of workers."""
        for step in itertools.count(first_step):
            yield part_of(self._pool.batch(step), rank, count)

    def validation(self) -> Sequence[Batch]:
        """Crops of equal length, stacked."""
        return self._held_out


def _relative(value: float) -> str:
    direction = "larger" if value > 1 else "smaller"
    return f"{abs(100 * (value - 1)):.3f} % {direction} than without the network"


@register
class CodecRecipe(Recipe):
    """Train a network for the predictors `cnn` and `gru`.

    The loss is the mean code length in bits of a sample. `relative` is its ratio to that without
    the network, and decides which weights are the best.
    """

    name = "codec"
    Model = CodecModel
    Data = CodecData
    figures: ClassVar[Mapping[str, Figure]] = {
        "loss": Figure("bits a sample", is_brief=False),
        "plain": Figure("bits a sample", is_brief=False),
        "relative": Figure(tell=_relative),
        "network_share": Figure(better="higher", is_brief=False),
    }
    criterion = "relative"
    data_key = "corpus"

    @classmethod
    def with_data(cls, values: Mapping[str, Any], folder: str) -> dict[str, Any]:
        """Section `data` for other recordings: all of them, if they have no manifest."""
        changed = {**values, "corpus": folder}
        if not (Path(folder) / MANIFEST).is_file():
            changed |= {"categories": [], "often": {}}
        return changed

    def build(self) -> nn.Module:
        """Make a network of random weights."""
        return CodecNetwork(make_module(self.settings.model))

    def open(self) -> Feed:
        """Find recordings, and make the crops of the validations."""
        data, model, seed = self.settings.data, self.settings.model, self.settings.seed
        train, valid = find_recordings(data.corpus, data.categories, data.avoid)
        facts = {
            "manifest_hash": _hash([*train, *valid]),
            "licences": sorted({item.licence for item in train if item.licence}),
            "recordings": len(train),
        }
        pool = Pool(train, data, model.front, self.settings.batch, seed)
        return CodecFeed(pool, valid_crops(valid, data, model.front, seed), facts)

    def prepare(self, model: nn.Module, feed: Feed) -> None:
        """Begin with the weights that `start` names."""
        start = self.settings.model.start
        if not start:
            return
        try:
            if Path(start).is_dir():
                self.begin_with(model, best_weights(start))
            else:
                adopt(model.network, from_network(open_model(start).network))
        except NlacError:
            raise
        except (RuntimeError, ValueError) as error:
            raise UsageError(f"start: {start}; cannot start with this network: {error}") from error

    def begin_with(self, model: nn.Module, weights: Mapping[str, Tensor]) -> None:
        """Take over the network of another run; it may be smaller."""
        parts = {k.removeprefix(NETWORK): v for k, v in weights.items() if k.startswith(NETWORK)}
        if not parts:
            raise ValueError("it is no network of the codec")
        adopt(model.network, parts)

    def before_step(self, model: nn.Module, step: int, steps: int) -> None:
        """Round weights in the last steps."""
        model.is_quantised = step >= steps * (1 - self.settings.model.quantised)

    def parameter_groups(self, model: nn.Module, decay: float) -> list[dict[str, Any]]:
        """Weights decay, shares do not."""
        return [
            {"params": list(model.network.parameters()), "weight_decay": decay},
            {"params": [model.shares], "weight_decay": 0.0},
        ]

    def weight(self, batch: Batch) -> float:
        """Number of samples."""
        return float(np.prod(batch.error.shape))

    def loss(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Any]]:
        """Code length in bits a sample."""
        kept = slice(self.settings.data.burn_in if model.training else 0, None)
        outputs = model(batch.features)[:, kept]
        error, unit, bits = batch.error[:, kept], batch.unit[:, kept], batch.bits[:, kept]
        loss = code_length(outputs, error, unit, bits, model.shares).mean()
        share = 1 - torch.softmax(model.shares.detach(), 0)[-1]
        return loss, {"plain": bits.mean(), "network_share": share}

    def summarise(self, figures: dict[str, float]) -> dict[str, float]:
        """Add the size relative to that without the network."""
        return {**figures, "relative": figures["loss"] / figures["plain"]}


def _hash(items: Sequence[Recording]) -> str:
    """Hash of what is trained on: names and samples, or sizes where no manifest has hashes."""
    lines = [f"{item.name}\t{_fingerprint(item)}\n" for item in items]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _fingerprint(item: Recording) -> str:
    if isinstance(item, DatasetItem):
        return item.fingerprint
    return item.sha256 or str(item.path.stat().st_size)


def _alike(crops: Sequence[Crop]) -> Iterator[Batch]:
    """Group crops of equal length, a few at a time, which takes hardly longer than one."""
    for _, group in groupby(sorted(crops, key=_length), key=_length):
        alike = list(group)
        for i in range(0, len(alike), _TOGETHER):
            some = alike[i : i + _TOGETHER]
            yield Batch(
                *(np.stack([getattr(crop, name) for crop in some]) for name in Batch._fields)
            )


def _length(crop: Crop) -> int:
    return len(crop.error)
