"""Parameters of a cascade and their ranges (spec, section "cascade block")."""

from __future__ import annotations

from dataclasses import dataclass, replace

SHORTEST = 128  # shortest lag; the window itself reaches shorter ones
MIN_HISTORY_SHIFT, MAX_HISTORY_SHIFT = -8, 24

MAX_ORDER, MAX_CROSS_ORDER, MAX_LTP_TAPS = 512, 256, 32
MAX_PERIOD, MAX_PAUSE = 65535, 255
MAX_RLS_PREDICTORS, MAX_CASCADES, MAX_STAGES, MAX_FINAL_COMBINERS = 5, 4, 4, 3
MAX_TAPS = 4096
STEPS = 24, 80  # larger steps of a stage would not fit 64 bits
ONLINE_STEPS = 16, 80
MAX_FORGETTING, FINAL_FORGETTINGS, LOADINGS = 13, (4, 13), (28, 50)
MAX_INPUTS = 15  # of a combiner
_DEEP = 64  # few recordings need an RLS predictor of a higher order
_USUAL_RATE, _QUICK, _MOST_OCTAVES = 48000, 2, 2
_SHORT_BATCH = 5  # short enough for every sample rate


@dataclass(frozen=True, slots=True)
class RlsParameters:
    """One RLS predictor: recursive least squares, solved in batches.

    Attributes
    ----------
    order, cross_order : int
        Past samples of the channel, and samples of its reference, that it weighs.
    forgetting : int
        The forgetting factor is 1 - 2**-forgetting a frame.
    period : int
        Batches between two solutions.
    ltp_taps : int
        Frames to each side of the LTP match that it weighs in both channels; 0 for none.
    optional : bool
        It works only where there is an LTP match.
    loading : int
        Diagonal loading: 2**loading is added to the diagonal before it solves, relative to a
        largest entry of 2**60.
    """

    order: int
    cross_order: int
    forgetting: int
    period: int
    ltp_taps: int = 0
    optional: bool = False
    loading: int = 36


@dataclass(frozen=True, slots=True)
class StageParameters:
    """One NLMS stage of a cascade.

    Attributes
    ----------
    taps, cross_taps : int
        Taps in its own history and in the reference's, multiples of 32.
    step : int
        The step size is 2**(-step / 4).
    """

    taps: int
    cross_taps: int
    step: int


@dataclass(frozen=True, slots=True)
class CascadeParameters:
    """Parameters of a cascade.

    Attributes
    ----------
    batch : int
        Frames of a batch as a power of two, 3 to 6.
    rls : tuple of RlsParameters
        The RLS predictors.
    cascades : tuple of tuple of StageParameters
        The cascades of NLMS stages, all of the same length.
    final_combiners : tuple of int
        m of each final combiner, whose forgetting factor is 1 - 2**-m a sample.
    period : int
        Batches of 8 samples between two solutions of a combiner; of a final combiner, twice as
        many for each step of m beyond 8.
    online : tuple of int
        Empty, or s of the online network behind the final combiners; its step size is
        2**(-s / 4).
    """

    batch: int
    rls: tuple[RlsParameters, ...]
    cascades: tuple[tuple[StageParameters, ...], ...]
    final_combiners: tuple[int, ...]
    period: int
    online: tuple[int, ...] = ()

    @property
    def num_locations(self) -> int:
        """Predictions of a sample that the entropy model uses."""
        return len(self.final_combiners) + 2 + len(self.online)

    @property
    def covariances(self) -> int:
        """Most cells in the covariances of a channel's RLS predictors."""
        return sum((e.order + 1 + e.cross_order + 2 * (2 * e.ltp_taps + 1)) ** 2 for e in self.rls)

    def without_long_windows(self) -> CascadeParameters:
        """The same without RLS predictors of very long windows, which few recordings need."""
        if not self.cascades:
            return self
        few = tuple(e for e in self.rls if e.order <= _DEEP)
        return replace(self, rls=few or self.rls[:1])

    def at_rate(self, sample_rate: int) -> CascadeParameters:
        """The same for a sample rate: the first two RLS predictors forget as fast in time.

        This holds down to a quarter of the usual rates; faster forgetting learns too little. Long
        batches become shorter, too.
        """
        octaves = min(max(_USUAL_RATE // sample_rate, 1).bit_length() - 1, _MOST_OCTAVES)
        batch = min(self.batch, max(self.batch - octaves, _SHORT_BATCH))
        quick = tuple(
            replace(e, forgetting=max(e.forgetting - octaves, batch + 1)) for e in self.rls[:_QUICK]
        )
        return replace(self, batch=batch, rls=quick + self.rls[_QUICK:])

    def check(self) -> None:
        """Raise ValueError unless all values are in the ranges for which sums are proved to fit."""
        stages = [s for cascade in self.cascades for s in cascade]
        inputs = len(self.rls) - 1 + len(stages)
        good = (
            3 <= self.batch <= 6
            and 1 <= len(self.rls) <= MAX_RLS_PREDICTORS
            and len(self.cascades) <= MAX_CASCADES
            and all(len(cascade) == len(self.cascades[0]) for cascade in self.cascades)
            and len(stages) <= MAX_CASCADES * MAX_STAGES
            and 1 <= inputs <= MAX_INPUTS
            and 1 <= len(self.final_combiners) <= MAX_FINAL_COMBINERS
            and all(_in(forgetting, FINAL_FORGETTINGS) for forgetting in self.final_combiners)
            and 1 <= self.period <= MAX_PAUSE
            and not self.rls[0].optional
            and len(self.online) <= 1
            and all(_in(step, ONLINE_STEPS) for step in self.online)
            and all(
                1 <= e.order <= MAX_ORDER
                and 0 <= e.cross_order <= MAX_CROSS_ORDER
                and 0 <= e.ltp_taps <= MAX_LTP_TAPS
                and self.batch < e.forgetting <= MAX_FORGETTING
                and 1 <= e.period <= MAX_PERIOD
                and _in(e.loading, LOADINGS)
                for e in self.rls
            )
            and all(
                32 <= s.taps <= MAX_TAPS
                and s.taps % 32 == 0
                and 0 <= s.cross_taps <= MAX_TAPS
                and s.cross_taps % 32 == 0
                and _in(s.step, STEPS)
                for s in stages
            )
        )
        if not good:
            raise ValueError("a parameter is outside its range")


def _in(value: int, limits: tuple[int, int]) -> bool:
    return limits[0] <= value <= limits[1]
