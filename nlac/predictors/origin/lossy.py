"""How the units of each kind of lossy stream are coded and synthesised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nlac.entropy.binary_decisions import decisions_of
from nlac.kernels.jit import kernel
from nlac.predictors.origin import granules, kinds, spectra, synthesis
from nlac.predictors.origin.aac import frames
from nlac.predictors.origin.aac import spectra as aac_spectra
from nlac.predictors.origin.aac import synthesis as aac_synthesis
from nlac.predictors.origin.kinds import LossyKind


@kernel
def run_granules(state, words, constants, granules, bands, sizes):
    """Code or decode the granules of a section; returns 0 if they are out of bounds, else 1."""
    return spectra.code_granules(decisions_of(state, words, constants), granules, bands, sizes)


@kernel
def run_frames(state, words, constants, frames, bands, sizes):
    """Code or decode the frames of a section; returns 0 if they are out of bounds, else 1."""
    return aac_spectra.code_frames(decisions_of(state, words, constants), frames, bands, sizes)


@dataclass(frozen=True)
class Lossy:
    """Functions of a kind of lossy stream.

    Attributes
    ----------
    kind : LossyKind
    contexts, sets : int
        Contexts and sets of weights of all that is coded of units.
    bands_of : callable
        Bands of a table.
    empty : callable
        ``empty(units, channels)``: units of zeros.
    run : callable
        The kernel that codes units.
    synthesise : callable
        ``synthesise(units, table, output, shift, frames)``: samples, and how near they are to ties.
    """

    kind: LossyKind
    contexts: int
    sets: int
    bands_of: Callable[[int], Any]
    empty: Callable[[int, int], Any]
    run: Callable[..., int]
    synthesise: Callable[..., Any]


LAYER3 = Lossy(
    kinds.LAYER3, spectra.SPECTRUM_CONTEXTS, spectra.SPECTRUM_SETS, granules.bands_of,
    granules.empty_granules, run_granules, synthesis.synthesise,
)  # fmt: skip
AAC = Lossy(
    kinds.AAC, aac_spectra.FRAME_CONTEXTS, aac_spectra.FRAME_SETS, frames.bands_of,
    frames.empty_frames, run_frames, aac_synthesis.synthesise,
)  # fmt: skip
_ALL = (LAYER3, AAC)


def lossy_of(kind: LossyKind) -> Lossy:
    """Return the functions of a kind."""
    return _ALL[kind.number]
