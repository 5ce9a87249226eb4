"""The cascades that stand before networks, by the names that models call them."""

from __future__ import annotations

from nlac.predictors.cascade_parameters import (
    CascadeParameters,
    ExpertParameters,
    StageParameters,
)


def _stages(*stages: tuple[int, int, int]) -> tuple[StageParameters, ...]:
    return tuple(StageParameters(*stage) for stage in stages)


# streams carry the parameters, so these may change; but models expect what they were trained
# behind, so those of presets stay here as they were then
FRONTS: dict[str, CascadeParameters] = {
    # least squares only, and a last stage that sees both channels
    "rls": CascadeParameters(
        4,
        (ExpertParameters(16, 8, 8, 2, load=37), ExpertParameters(32, 16, 10, 8, 8, load=35)),
        (),
        (9,),
        4,
        _stages((32, 32, 48)),
    ),
    "high": CascadeParameters(
        5,
        (
            ExpertParameters(16, 8, 8, 2, load=37),
            ExpertParameters(24, 16, 10, 4, 8, load=35),
            ExpertParameters(16, 8, 7, 1, 4, True, load=37),
            ExpertParameters(96, 8, 11, 16, load=36),
        ),
        (_stages((512, 0, 42), (64, 0, 36), (32, 0, 29)),),
        (9,),
        6,
    ),
    "max": CascadeParameters(
        4,
        (
            ExpertParameters(16, 8, 8, 2, load=36),
            ExpertParameters(24, 16, 10, 4, 8, load=33),
            ExpertParameters(32, 32, 11, 8, 8, load=39),
            ExpertParameters(16, 8, 7, 1, 4, True, load=36),
            ExpertParameters(192, 8, 11, 64, load=36),
        ),
        (
            _stages((1024, 0, 39), (256, 0, 33), (32, 0, 26)),
            _stages((1024, 256, 45), (256, 0, 39), (32, 0, 32)),
            _stages((1024, 0, 51), (256, 0, 45), (32, 0, 38)),
        ),
        (9,),
        2,
    ),
}
