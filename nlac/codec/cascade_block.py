"""A block of `cascade`, or of `cnn` and `gru`: from samples to bytes and back.

Little travels but the samples' code words (spec, sections "cascade block" and "network
block"): what the cascade is made of, how channels pair, where the block repeats itself, which
values occur, and from what scales it starts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream, NlacError
from nlac.bitstream.constants import CODER_AUTO
from nlac.bitstream.varint import read_varint
from nlac.codec.cascade_head import Head, first_state, make_head, read_head, write_head
from nlac.codec.cascade_samples import decode_samples, encode_samples
from nlac.codec.cascade_search import search
from nlac.codec.cascade_side import read_parameters, write_parameters
from nlac.codec.code_words import check_end, read_words, write_words
from nlac.codec.lpc_block import LpcSettings, decode_lpc, encode_prepared
from nlac.codec.lpc_rival import worth_trying
from nlac.codec.preparation import Preparation, Search, prepare
from nlac.predictors.cascade_parameters import CascadeParameters
from nlac.predictors.networks.layers import Network

CASCADE = 2  # where an `lpc` block tells its coder
_LONG_GAIN = 0.1  # bits a sample that long windows gain: then experts of such work
MAX_COVARIANCES = 1 << 26


@dataclass(frozen=True, slots=True)
class CascadeSettings:
    """Encoder choices of a preset.

    Attributes
    ----------
    parameters : CascadeParameters
        What the cascade is made of.
    long_term : bool
        Look for repetition.
    pieces : int
        Pieces on which stereo pairings are tried, 0 for none.
    rival : LpcSettings, optional
        How to try an `lpc` block, where one may be smaller.
    network : Network, optional
        Of `cnn` and `gru`: it corrects the cascade.
    device : str
        Where the network runs: "cpu", "cuda", or "auto" for a GPU if there is one.
    ahead : bool
        Let the cascade run ahead of the network on a thread of its own.
    effort : int
        How hard to search for parameters that suit the block, 0 to take them as they are.
    """

    parameters: CascadeParameters
    long_term: bool = True
    pieces: int = 24
    rival: LpcSettings | None = None
    network: Network | None = None
    device: str = "cpu"
    ahead: bool = False
    effort: int = 0

    @property
    def search(self) -> Search:
        """How a block is to be prepared."""
        around = any(e.around for e in self.parameters.experts)
        orders = None if self.rival is None else self.rival.search.orders
        return Search(self.pieces, self.long_term and around, orders=orders)


def encode_cascade(channels: NDArray[np.int32], settings: CascadeSettings) -> bytes:
    """Code the channels of a block.

    Parameters
    ----------
    channels : (channels, frames) int32
        At least one of each.
    settings : CascadeSettings
    """
    block = prepare(channels, settings.search)
    ordered = block.ordered
    parameters = suited(settings.parameters, block)
    head = make_head(block, parameters)
    best = _encode_as(head, parameters, ordered, settings)
    if settings.effort:
        tuned = search(head, parameters, ordered, settings.effort)
        # trials may have seen a part only, and know of no network
        best = min(best, _encode_as(*tuned, ordered, settings), key=len)
    if settings.rival is not None and worth_trying(block, head.sets, len(best)):
        best = min(best, encode_prepared(block, settings.rival), key=len)
    return best


def suited(parameters: CascadeParameters, block: Preparation) -> CascadeParameters:
    """The parameters, or the same without experts of long windows if these promise little."""
    return parameters if block.deep_gain > _LONG_GAIN else parameters.without_deep()


def decode_cascade(
    data: bytes,
    at: int,
    frames: int,
    channels: int,
    coder_id: int = CODER_AUTO,
    network: Network | None = None,
) -> NDArray[np.int32]:
    """Decode the channels of a block; `data` ends with it.

    `coder_id` is the stream's, which may rule out one of the coders of an `lpc` block.

    Returns
    -------
    channels : (channels, frames) int32

    Raises
    ------
    CorruptStream
        The bytes are not what an encoder writes.
    """
    kind, after = read_varint(data, at)
    if kind != CASCADE:
        return decode_lpc(data, at, frames, channels, coder_id)
    parameters, at = read_parameters(data, after)
    if channels * parameters.covariances > MAX_COVARIANCES:
        raise CorruptStream("experts need too much memory", path="parameters")
    head, at = read_head(data, at, frames, channels)
    count, at = read_varint(data, at)
    words, raw = read_words(data, at, count)
    pcm = np.zeros((channels, frames), np.int32)
    taken, used = _decode_samples(head, parameters, network, pcm, words, raw)
    check_end(words, raw, taken, used)
    out = np.empty_like(pcm)
    out[head.order] = pcm
    return out


def _encode_as(
    head: Head, parameters: CascadeParameters, ordered: NDArray[np.int32],
    settings: CascadeSettings,
) -> bytes:
    """Bytes of a block with this head and these parameters."""
    if settings.network is None:
        coded = encode_samples(head, parameters, ordered)
    else:
        from nlac.codec import network_samples

        runners = network_samples.make_runners(settings.network, len(ordered), settings.device)
        front = network_samples.Front.start(head, first_state(head, parameters), parameters)
        coded = network_samples.encode_samples(front, ordered, runners, settings.ahead)
    if coded is None:
        raise NlacError("a sample is not in its value set: a fault of the encoder")
    side = bytes([CASCADE]) + write_parameters(parameters) + write_head(head)
    return side + write_words(*coded)


def _decode_samples(
    head: Head, parameters: CascadeParameters, network: Network | None, pcm: NDArray[np.int32],
    words: NDArray[np.uint32], raw: NDArray[np.uint32],
) -> tuple[int, int]:
    """Fill `pcm`; returns words and bits taken, or -1, -1 on bad data."""
    if network is None:
        return decode_samples(head, parameters, pcm, words, raw)
    from nlac.codec import network_samples

    front = network_samples.Front.start(head, first_state(head, parameters), parameters)
    return network_samples.decode_samples(front, network, pcm, words, raw)
