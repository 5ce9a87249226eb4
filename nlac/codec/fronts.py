"""What stands before networks, mostly cascades, by the names that models call it."""

from __future__ import annotations

from nlac.predictors.cascade_parameters import PRESETS, CascadeParameters, ExpertParameters

# streams carry the parameters, so these may change; a network takes small changes well
FRONTS: dict[str, CascadeParameters | None] = {
    # windows whose coefficients are sent (`forward_block`)
    "lpc": None,
    # least squares only, and an online network; nothing takes long but the expert of 192 samples,
    # without which nothing here would see far back but where a recording repeats itself
    "rls": CascadeParameters(
        6,
        (
            ExpertParameters(16, 8, 8, 1, load=31),
            ExpertParameters(24, 16, 9, 1, 8, load=30),
            ExpertParameters(32, 16, 11, 4, 8, load=30),
            ExpertParameters(16, 8, 7, 1, 4, True, load=34),
            ExpertParameters(192, 8, 11, 8, load=36),
        ),
        (),
        (9,),
        4,
        (33,),
    ),
    **PRESETS,
}
