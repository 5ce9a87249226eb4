"""The kinds of lossy streams whose spectra a block can hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nlac.entropy.binary_decisions import decisions_of
from nlac.kernels.jit import kernel
from nlac.predictors.origin import granules, spectra, synthesis
from nlac.predictors.origin.aac import frames
from nlac.predictors.origin.aac import spectra as aac_spectra
from nlac.predictors.origin.aac import synthesis as aac_synthesis


@kernel
def run_granules(state, words, constants, granules, bands, sizes):
    """Code or decode the granules of a section; returns 0 if they are out of bounds, else 1."""
    return spectra.code_granules(decisions_of(state, words, constants), granules, bands, sizes)


@kernel
def run_frames(state, words, constants, frames, bands, sizes):
    """Code or decode the frames of a section; returns 0 if they are out of bounds, else 1."""
    return aac_spectra.code_frames(decisions_of(state, words, constants), frames, bands, sizes)


@dataclass(frozen=True, slots=True)
class Lossy:
    """A kind of lossy stream. Its *units* are granules of Layer III, or frames of AAC.

    Attributes
    ----------
    number : int
        In streams.
    name : str
        For users.
    lines : int
        Lines of a unit and channel, and samples that it adds.
    lead : int
        Units before the one of a sample that are heard in it.
    tables : int
        Number of tables of bands.
    contexts, sets : int
        Contexts and sets of weights of all that is coded of units.
    table_of : callable
        Number of the table for a sampling rate in Hz, or None.
    bands_of : callable
        Bands of a table.
    empty : callable
        ``empty(units, channels)``: units of zeros.
    run : callable
        The kernel that codes units.
    synthesise : callable
        ``synthesise(units, table, output, shift, frames)``: samples, and how near they are to ties.
    """

    number: int
    name: str
    lines: int
    lead: int
    tables: int
    contexts: int
    sets: int
    table_of: Callable[[int], int | None]
    bands_of: Callable[[int], Any]
    empty: Callable[[int, int], Any]
    run: Callable[..., int]
    synthesise: Callable[..., Any]

    @property
    def most_shift(self) -> int:
        """Most samples of a synthesis before those of a section."""
        return (self.lead + 1) * self.lines - 1

    @property
    def least_frames(self) -> int:
        """Least frames of a section."""
        return 2 * self.lines

    def units(self, shift: int, frames: int) -> int:
        """Number of units of a section."""
        return -(-(shift + frames) // self.lines)


LAYER3 = Lossy(
    0, "MPEG audio Layer III", granules.LINES, 2, len(granules.RATES), spectra.SPECTRUM_CONTEXTS,
    spectra.SPECTRUM_SETS, granules.table_of, granules.bands_of, granules.empty_granules,
    run_granules, synthesis.synthesise,
)  # fmt: skip
AAC = Lossy(
    1, "AAC-LC", frames.LINES, 1, len(frames.RATES), aac_spectra.FRAME_CONTEXTS,
    aac_spectra.FRAME_SETS, frames.table_of, frames.bands_of, frames.empty_frames, run_frames,
    aac_synthesis.synthesise,
)  # fmt: skip
KINDS = (LAYER3, AAC)
