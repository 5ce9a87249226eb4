"""Parameters of a cascade, and what they may be (spec, section "cascade block")."""

from __future__ import annotations

from dataclasses import dataclass, replace

SHORTEST = 128  # shorter lags are for the near window
LEAST_UNIT, MOST_UNIT = -8, 24

MAX_OWN, MAX_OTHER, MAX_AROUND = 512, 256, 32
MAX_PERIOD, MAX_PAUSE = 65535, 255
MAX_EXPERTS, MAX_CASCADES, MAX_STAGES, MAX_FINALS = 5, 4, 4, 3
MAX_TAPS = 4096
STEPS = 24, 80  # larger steps of a stage would not fit 64 bits
ONLINE_STEPS = 16, 80
MOST_MEMORY, FINAL_MEMORIES, LOADS = 13, (4, 13), (28, 50)
MAX_INPUTS = 15  # of a stack
_DEEP = 64  # own taps of an expert that few recordings need if it has more
_USUAL_RATE, _QUICK, _MOST_OCTAVES = 48000, 2, 2
_SHORT_BATCH = 5  # short enough for every sample rate


@dataclass(frozen=True, slots=True)
class ExpertParameters:
    """One recursive least-squares predictor of stage 0.

    Attributes
    ----------
    own, other : int
        Samples of the channel's past and of its reference that it sees.
    memory : int
        It forgets 2**-memory a frame.
    period : int
        Batches between two solutions.
    around : int
        Frames to each side of the earlier occurrence that it sees in both channels; 0
        for none.
    optional : bool
        It works only where there is an earlier occurrence.
    load : int
        2**load is added to the diagonal before it solves, relative to a largest entry of 2**60.
    """

    own: int
    other: int
    memory: int
    period: int
    around: int = 0
    optional: bool = False
    load: int = 36


@dataclass(frozen=True, slots=True)
class StageParameters:
    """One stage of a cascade.

    Attributes
    ----------
    taps, other : int
        Residuals of its own history and of the reference's that it sees, multiples of 32.
    step : int
        Step size 2**(-step / 4).
    """

    taps: int
    other: int
    step: int


@dataclass(frozen=True, slots=True)
class CascadeParameters:
    """What a cascade is made of.

    Attributes
    ----------
    batch : int
        Frames of a batch as a power of two, 3 to 6.
    experts : tuple of ExpertParameters
        Stage 0.
    cascades : tuple of tuple of StageParameters
        Each of as many stages.
    finals : tuple of int
        Memories of the final stacks.
    period : int
        Batches of 8 samples between two solutions of a stack, final ones of long memory twice as
        many for each step beyond 8.
    online : tuple of int
        Step of the online network behind the final stacks, if there is one: 2**(-step / 4).
    """

    batch: int
    experts: tuple[ExpertParameters, ...]
    cascades: tuple[tuple[StageParameters, ...], ...]
    finals: tuple[int, ...]
    period: int
    online: tuple[int, ...] = ()

    @property
    def num_locations(self) -> int:
        """Predictions that the entropy model gets."""
        return len(self.finals) + 2 + len(self.online)

    @property
    def covariances(self) -> int:
        """Numbers in the covariances of a channel's experts, at most."""
        return sum((e.own + 1 + e.other + 2 * (2 * e.around + 1)) ** 2 for e in self.experts)

    def without_deep(self) -> CascadeParameters:
        """Without experts of very long windows, which few recordings need beside stages."""
        if not self.cascades:
            return self
        few = tuple(e for e in self.experts if e.own <= _DEEP)
        return replace(self, experts=few or self.experts[:1])

    def at_rate(self, sample_rate: int) -> CascadeParameters:
        """The same for a sample rate: the first two experts forget as much a second.

        Down to a quarter of the usual rates, that is; what forgets faster learns too little.
        Long batches become shorter, too.
        """
        octaves = min(max(_USUAL_RATE // sample_rate, 1).bit_length() - 1, _MOST_OCTAVES)
        batch = min(self.batch, max(self.batch - octaves, _SHORT_BATCH))
        quick = tuple(
            replace(e, memory=max(e.memory - octaves, batch + 1))
            for e in self.experts[:_QUICK]
        )
        return replace(self, batch=batch, experts=quick + self.experts[_QUICK:])

    def check(self) -> None:
        """Raise ValueError where a value is outside what the arithmetic is proved for."""
        stages = [s for cascade in self.cascades for s in cascade]
        inputs = len(self.experts) - 1 + len(stages)
        good = (
            3 <= self.batch <= 6
            and 1 <= len(self.experts) <= MAX_EXPERTS
            and len(self.cascades) <= MAX_CASCADES
            and all(len(cascade) == len(self.cascades[0]) for cascade in self.cascades)
            and len(stages) <= MAX_CASCADES * MAX_STAGES
            and 1 <= inputs <= MAX_INPUTS
            and 1 <= len(self.finals) <= MAX_FINALS
            and all(_in(memory, FINAL_MEMORIES) for memory in self.finals)
            and 1 <= self.period <= MAX_PAUSE
            and not self.experts[0].optional
            and len(self.online) <= 1
            and all(_in(step, ONLINE_STEPS) for step in self.online)
            and all(
                1 <= e.own <= MAX_OWN
                and 0 <= e.other <= MAX_OTHER
                and 0 <= e.around <= MAX_AROUND
                and self.batch < e.memory <= MOST_MEMORY
                and 1 <= e.period <= MAX_PERIOD
                and _in(e.load, LOADS)
                for e in self.experts
            )
            and all(
                32 <= s.taps <= MAX_TAPS
                and s.taps % 32 == 0
                and 0 <= s.other <= MAX_TAPS
                and s.other % 32 == 0
                and _in(s.step, STEPS)
                for s in stages
            )
        )
        if not good:
            raise ValueError("a parameter is outside its range")


def _in(value: int, limits: tuple[int, int]) -> bool:
    return limits[0] <= value <= limits[1]
