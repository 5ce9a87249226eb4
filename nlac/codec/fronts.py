"""The cascades that stand before networks, by the names that models call them."""

from __future__ import annotations

from nlac.predictors.cascade_parameters import (
    PRESETS,
    CascadeParameters,
    ExpertParameters,
    StageParameters,
)

# streams carry the parameters, so these may change at any time; models that were trained
# with others would only lose some of their use
FRONTS: dict[str, CascadeParameters] = {
    # least squares only, and a last stage that sees both channels
    "rls": CascadeParameters(
        4,
        (ExpertParameters(16, 8, 8, 2, load=37), ExpertParameters(32, 16, 10, 8, 8, load=35)),
        (),
        (9,),
        4,
        (StageParameters(32, 32, 48),),
    ),
    "high": PRESETS["high"],
    "max": PRESETS["max"],
}
