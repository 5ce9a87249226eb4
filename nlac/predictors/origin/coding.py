"""Code sections: granules and residuals, one after the other, in one stream of words."""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream
from nlac._typing import U32
from nlac.entropy.binary_decisions import (
    CoderCell,
    decision_tables,
    decisions_of,
    end_coder,
    new_state,
    start_coder,
)
from nlac.kernels.jit import kernel
from nlac.predictors.origin.lossy import Lossy
from nlac.predictors.origin.residuals import RESIDUAL_CONTEXTS, RESIDUAL_SETS, code_residuals
from nlac.predictors.origin.tables import layer3_tables


@kernel
def run_residuals(state, words, constants, base, sets, residuals, places, means):
    """Code or decode the residuals of a section."""
    decisions = decisions_of(state, words, constants)
    code_residuals(decisions, base, sets, residuals, places, means)


class SectionCoder:
    """Codes the sections of a block, or decodes them.

    Parameters
    ----------
    lossy : Lossy
        Kind of lossy stream.
    words : uint32
        Room for the words, or the words.
    decoding : bool
    """

    def __init__(self, lossy: Lossy, words: U32, decoding: bool) -> None:
        self._lossy = lossy
        self._words = words
        self._constants = decision_tables()
        self._state = new_state(lossy.contexts + RESIDUAL_CONTEXTS, lossy.sets + RESIDUAL_SETS)
        start_coder(self._state, decoding, words)

    @classmethod
    def encoder(cls, lossy: Lossy, samples: int) -> Self:
        """Make a coder for sections of so many samples, if that makes them no longer."""
        return cls(lossy, np.zeros(samples + 64, np.uint32), False)

    def units(self, units: Any, table: int) -> bool:
        """Code granules or frames, or fill them; returns whether they are within their bounds.

        Afterwards they are what a decoder reads.
        """
        good = self._lossy.run(
            self._state, self._words, self._constants, units, self._lossy.bands_of(table),
            layer3_tables().sizes,
        )  # fmt: skip
        return bool(good)

    def residuals(self, residuals: NDArray[np.int32], places: NDArray[np.uint8]) -> None:
        """Code residuals, (C, frames), or fill them."""
        means = np.zeros((len(residuals), 2), np.int64)
        run_residuals(
            self._state, self._words, self._constants, self._lossy.contexts, self._lossy.sets,
            residuals, places, means,
        )  # fmt: skip

    @property
    def is_full(self) -> bool:
        """Whether there was no room for all words, or they are bad."""
        return bool(self._state.coder[CoderCell.BAD])

    @property
    def bits(self) -> float:
        """Bits taken off the words by now, but for a constant; of use when decoding."""
        cells = self._state.coder
        width = int(cells[CoderCell.RANGE]) & (2**64 - 1)
        return 32 * int(cells[CoderCell.POSITION]) - math.log2(width)

    def finish(self) -> int:
        """End; returns the number of words written, or taken."""
        count = end_coder(self._state, self._words)
        if count < 0:
            raise CorruptStream("the words of sections do not decode", path="sections")
        return int(count)

    @property
    def words(self) -> U32:
        """The words written; call once, at the end."""
        return self._words[: self.finish()]
