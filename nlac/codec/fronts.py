"""What stands before networks, mostly cascades, by the names that models call it."""

from __future__ import annotations

from nlac.predictors.cascade_parameters import PRESETS, CascadeParameters, ExpertParameters

# streams carry the parameters, so these may change; a network takes small changes well
FRONTS: dict[str, CascadeParameters | None] = {
    # windows whose coefficients are sent (`forward_block`)
    "lpc": None,
    # least squares only, and an online network that sees both channels
    "rls": CascadeParameters(
        4,
        (ExpertParameters(16, 8, 8, 2, load=37), ExpertParameters(32, 16, 10, 8, 8, load=35)),
        (),
        (9,),
        4,
        (33,),
    ),
    **PRESETS,
}
