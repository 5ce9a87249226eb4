"""What is evaluated: something that predicts samples, codes them, or makes audio again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Literal

from nlac._typing import AnyArray
from nlac.bench.results import CodecInfo
from nlac.training.evaluation.recordings import Item

Kind = Literal["coded", "counted", "ideal", ""]
CODED: Kind = "coded"
COUNTED: Kind = "counted"
IDEAL: Kind = "ideal"


@dataclass(frozen=True, slots=True)
class Measured:
    """One method on one recording.

    Attributes
    ----------
    seconds : float
        Wall time for encoding, or for the outputs of a network.
    bits : float, optional
        Bits of all samples; None if the method codes none.
    bits_are : {"coded", "counted", "ideal", ""}
        What they are: the size of a file that was written, decoded and compared; lengths of code
        words and side information, exact, without a file; or ideal code lengths, the logarithms of
        probabilities.
    num_bytes : int, optional
        Size of the file, if there was one.
    cross_entropy : float, optional
        Bits a sample of what the distributions are over: of samples, or of levels.
    predicted : (frames, channels) float or int array, optional
        Predicted samples, in units of a sample.
    figures : dict
        Others by name.
    """

    seconds: float
    bits: float | None = None
    bits_are: Kind = ""
    num_bytes: int | None = None
    cross_entropy: float | None = None
    predicted: AnyArray | None = None
    figures: dict[str, Any] = field(default_factory=dict)


class Method(ABC):
    """Base of all.

    Attributes
    ----------
    info : CodecInfo
        Label, kind, version, call.
    """

    info: CodecInfo

    @abstractmethod
    def measure(self, item: Item) -> Measured:
        """Evaluate on one recording.

        Raises
        ------
        NlacError
            The recording does not suit this method.
        """

    def totals(self) -> dict[str, float]:
        """Figures of all recordings together that are no means of those of each."""
        return {}
