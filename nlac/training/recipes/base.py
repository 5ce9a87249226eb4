"""What a recipe is: settings, data, a model and a loss. The loop does everything else.

A recipe is a class::

    @dataclass(frozen=True)
    class TinySettings:
        width: int = setting(16, "from 1 to 512", lambda n: 1 <= n <= 512)

    @register
    class Tiny(Recipe):
        name = "tiny"
        Model = TinySettings

        def build(self):
            return TinyNetwork(self.settings.model.width)

        def loss(self, model, batch):
            loss = ...
            return loss, {"accuracy": ...}

and its YAML file has the sections `recipe: tiny`, `data`, `model`, `train` and perhaps `tune`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from nlac._errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked settings of an experiment, as far as a recipe needs them.

    Attributes
    ----------
    data : object
        Section `data`, an instance of the recipe's class `Data`.
    model : object
        Section `model`, an instance of the recipe's class `Model`.
    batch : int
        Sequences of a step, over all processes and accumulated parts.
    seed : int
        Seed of all random numbers.
    """

    data: Any
    model: Any
    batch: int = 32
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Figure:
    """How a number of a run is told.

    Attributes
    ----------
    unit : str
        Unit after the number, for example ``"nats"``; may be empty.
    better : {"lower", "higher"}
        Direction of improvement.
    tell : callable, optional
        Name and number in words, where the unit is not enough: 0.995 as "0.5 % smaller than
        without the network".
    is_brief : bool
        Whether lines of progress tell it; metrics have all figures.
    """

    unit: str = ""
    better: str = "lower"
    tell: Callable[[float], str] | None = None
    is_brief: bool = True

    def words(self, name: str, value: float) -> str:
        """Name, number and unit, or what `tell` makes of the number."""
        if self.tell is not None:
            return self.tell(value)
        return f"{name} {value:.4g} {self.unit}".rstrip()


class Feed(Protocol):
    """Data of a run: batches for training and validation, and what they are made of.

    A batch is a tensor, an array, or a mapping, dataclass or named tuple of such (nested ones
    too), all of which have the sequences of the batch along their first axis. The loop may cut
    it into parts along this axis and moves them to its device.
    """

    @property
    def facts(self) -> Mapping[str, Any]:
        """Facts for the metadata and the card of a model.

        ``manifest_hash`` (hexadecimal, empty if there is no manifest), ``licences`` (list of str),
        ``recordings`` (int), ``rate`` (Hz, where there is one).
        """

    def batches(self, first_step: int, workers: int, rank: int, count: int) -> Iterator[Any]:
        """Yield the batches of `first_step` and all steps after it.

        The batch of a step is a function of the seed and the step only: the same for every number
        of workers, and after a resumption. Each of `count` processes gets the part of its number
        `rank`: their parts in this order are the batch that one process would get
        (`nlac.training.recipes.base.part_of`).
        """

    def validation(self) -> Sequence[Any]:
        """Batches of every validation, always the same."""


class Recipe(ABC):
    """One kind of experiment.

    Parameters
    ----------
    settings : Settings
        Its settings.

    Attributes
    ----------
    name : str
        Name in the key `recipe` of a configuration.
    Model, Data : type
        Dataclasses of the sections `model` and `data`. Their fields are checked by their
        annotations and by `nlac.training.config.checks.setting`; ``__post_init__`` may check more,
        and raises `UsageError` with a message that begins with the key.
    figures : mapping of str to Figure
        The numbers that `loss` returns. ``loss`` itself is one of them.
    criterion : str
        The figure by which the best checkpoint is chosen in validation; none is while it is
        missing.
    data_key : str
        Key of the section `data` that names the data.
    """

    name: ClassVar[str]
    Model: ClassVar[type]
    Data: ClassVar[type]
    figures: ClassVar[Mapping[str, Figure]] = {"loss": Figure()}
    criterion: ClassVar[str] = "loss"
    data_key: ClassVar[str] = "folder"

    @classmethod
    def with_data(cls, values: Mapping[str, Any], folder: str) -> dict[str, Any]:
        """Section `data` for other data.

        Parameters
        ----------
        values : mapping
            The section.
        folder : str
            Folder of the other data, or ``synthetic``.
        """
        return {**values, cls.data_key: folder}

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @abstractmethod
    def build(self) -> nn.Module:
        """Make the model with random weights; the loop has seeded PyTorch."""

    @abstractmethod
    def loss(self, model: nn.Module, batch: Any) -> tuple[Tensor, dict[str, Any]]:
        """Compute the loss of a batch, in training (``model.training``) or validation.

        Parameters
        ----------
        model : nn.Module
            What `build` made.
        batch : Any
            A part of a batch of `open`, on the device of the model.

        Returns
        -------
        loss : () float Tensor
            Mean over what `weight` counts.
        figures : dict of str to float or () Tensor
            Other means over the same, by name.
        """

    @abstractmethod
    def open(self) -> Feed:
        """Open the data.

        Raises
        ------
        UsageError
            There is none, or it does not fit the settings.
        """

    def recall(self, facts: Mapping[str, Any]) -> None:
        """Take over what a run told of its data, where a model is used and the data is not open.

        Parameters
        ----------
        facts : mapping
            `Feed.facts` of the data that the model was trained on.
        """
        return None

    def summarise(self, figures: dict[str, float]) -> dict[str, float]:
        """Figures of many batches, from the means of what `loss` returned for each."""
        return figures

    def weight(self, batch: Any) -> float:
        """Count what the loss is the mean of: unmasked samples, or else sequences.

        The loop weighs parts of a batch by it, so that the gradient of a step is that of its whole
        batch, however it was divided.
        """
        mask = getattr(batch, "mask", None)
        return float(mask.sum()) if mask is not None else float(num_sequences(batch))

    def prepare(self, model: nn.Module, feed: Feed) -> None:
        """Set what a new model keeps of its data, such as a normalisation, before the first step.

        Must set parameters and buffers only, which checkpoints hold.
        """
        return None

    def before_step(self, model: nn.Module, step: int, steps: int) -> None:
        """Change what depends on the step: stages, frozen parts, rounding.

        Must be a function of `step` and `steps` only, or a resumed run would differ.
        """
        return None

    def parameter_groups(self, model: nn.Module, decay: float) -> list[dict[str, Any]]:
        """Parameter groups of the optimiser, each with ``params`` and ``weight_decay``."""
        return [{"params": list(model.parameters()), "weight_decay": decay}]

    def begin_with(self, model: nn.Module, weights: Mapping[str, Tensor]) -> None:
        """Take over the weights of another run (`train.start`).

        Raises
        ------
        ValueError, RuntimeError
            They do not fit.
        """
        model.load_state_dict(dict(weights))

    def predictions(self, model: nn.Module, batch: Any) -> NDArray[Any] | None:
        """Predicted samples of a batch, for ``results/predictions.wav``.

        Returns
        -------
        (times,) or (times, channels) float, in -1 to 1, or None
            None if the model predicts no samples.
        """
        return None

    def sample(self, model: nn.Module, seconds: float, seed: int) -> NDArray[Any] | None:
        """Generated samples, for ``artifacts/generated.wav``; as `predictions` returns them."""
        return None


def num_sequences(batch: Any) -> int:
    """Number of sequences of a batch, the length of its first axis."""
    for leaf in leaves(batch):
        return len(leaf)
    raise UsageError("a batch has no arrays")


def part_of(batch: Any, index: int, count: int) -> Any:
    """One of `count` equal parts of a batch, in the order of its sequences.

    Raises
    ------
    UsageError
        The batch cannot be divided so.
    """
    if count == 1:
        return batch
    total = num_sequences(batch)
    size, rest = divmod(total, count)
    if rest:
        raise UsageError(f"a batch of {total} sequences cannot be divided into {count} parts")
    return map_leaves(batch, lambda leaf: leaf[index * size : (index + 1) * size])


def leaves(batch: Any) -> Iterator[Any]:
    """Yield the arrays and tensors of a batch."""
    if hasattr(batch, "shape"):
        yield batch
    elif isinstance(batch, Mapping):
        for value in batch.values():
            yield from leaves(value)
    elif isinstance(batch, tuple):
        for value in batch:
            yield from leaves(value)
    elif hasattr(batch, "__dataclass_fields__"):
        for name in batch.__dataclass_fields__:
            yield from leaves(getattr(batch, name))


def map_leaves(batch: Any, change: Callable[[Any], Any]) -> Any:
    """Copy of a batch with each array or tensor replaced by what `change` returns for it."""
    if hasattr(batch, "shape"):
        return change(batch)
    if isinstance(batch, Mapping):
        return {name: map_leaves(value, change) for name, value in batch.items()}
    if isinstance(batch, tuple):
        changed = [map_leaves(value, change) for value in batch]
        return type(batch)(*changed) if hasattr(batch, "_fields") else tuple(changed)
    if hasattr(batch, "__dataclass_fields__"):
        names = batch.__dataclass_fields__
        return type(batch)(**{name: map_leaves(getattr(batch, name), change) for name in names})
    return batch
