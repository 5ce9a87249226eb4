"""The samples of a cascade block without a network: from numbers to words and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac._typing import U32
from nlac.codec.cascade_head import Head, first_state
from nlac.codec.cascade_loop import decode_loop, encode_loop
from nlac.codec.cascade_mixture import mixture_shared, mixture_state
from nlac.codec.cascade_steps import Rows
from nlac.codec.code_words import new_buffers
from nlac.codec.lpc_plan import set_table
from nlac.predictors.cascade_parameters import CascadeParameters
from nlac.predictors.cascade_state import CascadeState


def encode_samples(
    head: Head, parameters: CascadeParameters, ordered: NDArray[np.int32]
) -> tuple[U32, U32] | None:
    """Words and bit string of the samples, (channels, frames) in coding order.

    None tells that a sample is not in its value set.
    """
    state = first_state(head, parameters)
    words, raw = new_buffers(ordered.size)
    used, raw_used = encode_loop(
        head.course, set_table(head.sets), _rows(head, parameters, state), ordered, words, raw
    )
    return None if used < 0 else (words[:used], raw[:raw_used])


def decode_samples(
    head: Head, parameters: CascadeParameters, pcm: NDArray[np.int32],
    words: U32, raw: U32,
) -> tuple[int, int]:
    """Fill `pcm`; returns words and bits taken, or -1, -1 on bad data."""
    state = first_state(head, parameters)
    taken, used = decode_loop(
        head.course, set_table(head.sets), _rows(head, parameters, state), pcm, words, raw
    )
    return taken, used


def _rows(head: Head, parameters: CascadeParameters, state: CascadeState) -> Rows:
    count = parameters.num_locations
    mixtures = mixture_state(head.initial, count, head.reference)
    return Rows(state.channels, state.locations, mixtures, mixture_shared(count), count)
