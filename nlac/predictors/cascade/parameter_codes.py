"""The parameters of a cascade as bytes (spec, section "cascade block", "Parameters").

The bytes code differences from defaults, so that usual parameters take few bytes.
"""

from __future__ import annotations

from operator import add, sub

from nlac._errors import CorruptStream
from nlac.entropy.exp_golomb import GolombReader, write_golomb
from nlac.predictors.cascade.parameters import (
    MAX_CASCADES,
    MAX_FINAL_COMBINERS,
    MAX_RLS_PREDICTORS,
    MAX_STAGES,
    CascadeParameters,
    RlsParameters,
    StageParameters,
)

_PATH = "parameters"
_BLOCK = 32  # taps of stages are multiples of it
# defaults: RLS predictors, cascades, stages of each, final combiners, online networks
_COUNTS = (3, 1, 3, 1, 0)
_BATCH, _PERIOD = 5, 6
# order, cross-channel order, forgetting, period, LTP taps, optional, loading
_RLS = (
    (16, 8, 8, 2, 0, 0, 37),
    (24, 16, 10, 4, 8, 0, 35),
    (16, 8, 7, 1, 4, 1, 37),
    (32, 32, 11, 4, 8, 0, 39),
    (192, 8, 11, 32, 0, 0, 36),
)
# taps and cross taps in blocks, step in the first cascade
_STAGES = ((32, 0, 39), (8, 0, 33), (1, 0, 26), (1, 0, 26))
_NEXT_STEP = 6  # added to the steps from each cascade to the next
_ONLINE = 33
_FINAL = 9


def write_parameters(p: CascadeParameters) -> bytes:
    """Return the bytes of the parameters of a cascade."""
    counts = (
        len(p.rls), len(p.cascades), len(p.cascades[0]) if p.cascades else _COUNTS[2],
        len(p.final_combiners), len(p.online),
    )  # fmt: skip
    numbers = [p.batch, p.period]
    for e in p.rls:
        numbers += [
            e.order,
            e.cross_order,
            e.forgetting,
            e.period,
            e.ltp_taps,
            int(e.optional),
            e.loading,
        ]
    for s in (s for cascade in p.cascades for s in cascade):
        numbers += [s.taps // _BLOCK, s.cross_taps // _BLOCK, s.step]
    numbers += [*p.online, *p.final_combiners]
    differences = map(sub, (*counts, *numbers), (*_COUNTS, *_defaults(*counts)))
    return write_golomb(differences)


def read_parameters(data: bytes, at: int) -> tuple[CascadeParameters, int]:
    """Parse what `write_parameters` wrote; returns the parameters and the position after them.

    Raises
    ------
    CorruptStream
        A value is outside what the spec allows.
    """
    reader = GolombReader(data, at)
    counts = list(map(add, _COUNTS, reader.read(len(_COUNTS))))
    least, most = (
        (1, 0, 0, 1, 0),
        (MAX_RLS_PREDICTORS, MAX_CASCADES, MAX_STAGES, MAX_FINAL_COMBINERS, 1),
    )
    if any(not low <= n <= high for low, n, high in zip(least, counts, most, strict=True)):
        raise CorruptStream("a count is outside its range", path=_PATH)
    defaults = _defaults(*counts)
    numbers = map(add, defaults, reader.read(len(defaults)))
    num_rls, num_cascades, num_stages, _, num_online = counts

    def stages() -> tuple[StageParameters, ...]:
        rows = [(next(numbers), next(numbers), next(numbers)) for _ in range(num_stages)]
        return tuple(StageParameters(_BLOCK * taps, _BLOCK * cross, s) for taps, cross, s in rows)

    batch, period = next(numbers), next(numbers)
    rls = []
    for _ in range(num_rls):
        order, cross_order, forgetting, pause, ltp_taps, optional, loading = (
            next(numbers) for _ in range(7)
        )
        if optional not in (0, 1):
            raise CorruptStream("a flag is neither 0 nor 1", path=_PATH)
        rls.append(
            RlsParameters(order, cross_order, forgetting, pause, ltp_taps, optional == 1, loading)
        )
    cascades = tuple(stages() for _ in range(num_cascades))
    online = tuple(next(numbers) for _ in range(num_online))
    found = CascadeParameters(batch, tuple(rls), cascades, tuple(numbers), period, online)
    try:
        found.check()
    except ValueError as error:
        raise CorruptStream(str(error), path=_PATH) from error
    return found, reader.end()


def _defaults(rls: int, cascades: int, stages: int, final_combiners: int, online: int) -> list[int]:
    """Return the defaults of the numbers that follow these counts."""
    numbers = [_BATCH, _PERIOD]
    for row in _RLS[:rls]:
        numbers += row
    for number in range(cascades):
        for taps, cross_taps, step in _STAGES[:stages]:
            numbers += [taps, cross_taps, step + _NEXT_STEP * number]
    return numbers + [_ONLINE] * online + [_FINAL] * final_combiners
