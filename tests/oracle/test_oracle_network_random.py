"""Network blocks made of random words; see test_oracle_random.py.

Heads and words are made up, and so are the networks: what either decoder makes of them, the other
one must.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from nlac._errors import CorruptStream
from nlac.bitstream.header import StreamHeader
from nlac.codec.decoder.payload import decode_block
from nlac.entropy.value_sets import listed, plain, write_sets
from nlac.entropy.varint import write_varint
from nlac.predictors.cascade.parameter_codes import write_parameters
from nlac.predictors.cascade.parameters import CascadeParameters, RlsParameters, StageParameters
from nlac.predictors.networks.models import add_model
from nlac.predictors.networks.serialization import to_bytes
from oracle import cascade, cascade_mixture, network_block
from oracle.coding import BitString, RangeDecoder
from oracle.container import SpecError
from oracle.decoder import attached_gates
from oracle.network_tools import random_model
from oracle.networks import Network
from oracle.oracle_tools import told_payload
from oracle.random_plans import random_block, random_sets, random_words

FRAMES = 60
EXPERT = RlsParameters(order=3, cross_order=2, forgetting=9, period=4, ltp_taps=1)
OPTIONAL = replace(EXPERT, order=2, forgetting=7, optional=True)
STAGE = StageParameters(32, 32, 39)


class SideInfo(NamedTuple):
    """A block up to its words."""

    data: bytes
    frames: int
    channels: int


def opening(channels: int) -> bytes:
    """Mode, and channels that are coded as they are."""
    return b"\1" + channels * bytes([3, 1, 0])


def behind_windows(seed: int) -> SideInfo:
    """Of kind 3."""
    block, frames, channels = random_block(seed, FRAMES, 1024)
    units = np.random.default_rng([seed, 2]).integers(0, 33, channels)
    head = opening(channels) + bytes([3]) + block[1:]
    return SideInfo(head + bytes(units.tolist()), frames, channels)


def random_parameters(rng: np.random.Generator) -> CascadeParameters:
    """With 3 to 6 locations, and 1 to 5 experts."""
    rls = [EXPERT]
    for _ in range(int(rng.integers(5))):
        own, other = int(rng.integers(1, 9)), int(rng.integers(0, 5))
        expert = RlsParameters(own, other, int(rng.integers(6, 12)), int(rng.integers(1, 9)))
        rls.append(expert)
    rows = ((STAGE,) * int(rng.integers(1, 3)),)
    final_combiners = tuple(rng.integers(4, 14, int(rng.integers(1, 4))).tolist())
    online = (int(rng.integers(16, 81)),) if rng.random() < 0.5 else ()
    return CascadeParameters(3, tuple(rls), rows, final_combiners, 2, online)


def runs(*pairs: tuple[int, int]) -> bytes:
    return b"".join(write_varint(number) for pair in pairs for number in pair)


def behind_cascade(seed: int) -> SideInfo:
    """Of kind 2."""
    rng = np.random.default_rng([seed, 3])
    channels, frames = int(rng.integers(1, 4)), int(rng.integers(20, FRAMES + 1))
    data = opening(channels) + b"\2" + write_parameters(random_parameters(rng))
    delays = rng.choice([0, 0, 5, 64], channels)
    for c, number in enumerate(rng.permutation(channels).tolist()):
        reference = int(rng.choice([r for r in range(-1, channels) if r != c]))
        initial, unit = int(rng.integers(45 if seed % 7 == 0 else 20)), int(rng.integers(33))
        for value in (number, reference + 1, int(delays[c]), initial, unit):
            data += write_varint(value)
    sets = random_sets(rng)
    data += write_sets(sets) + runs((1, 0))
    data += b"".join(runs((1, int(rng.integers(len(sets))))) for _ in range(channels))
    return SideInfo(data, frames, channels)


def long_cascade() -> SideInfo:
    """A lag comes into effect, and the value set changes with it."""
    parameters = CascadeParameters(3, (EXPERT, OPTIONAL), (), (6, 9), 2)
    data = opening(1) + b"\2" + write_parameters(parameters)
    data += bytes([0, 0, 0, 6, 9]) + write_sets([plain(-5, 5), listed(np.array([-90, -8, 0, 70]))])
    return SideInfo(data + runs((1, 300)) + runs((1, 0), (1, 1)), 1080, 1)


def long_windows() -> SideInfo:
    """Of more than one segment."""
    for seed in range(1000):
        block, frames, channels = random_block(seed, 1090, 1024)
        if channels == 1 and frames > 1030:
            return SideInfo(opening(1) + bytes([3]) + block[1:] + b"\7", frames, 1)
    raise AssertionError


def known(
    seed: int, front: str, channels: int, recurrent: bool = False
) -> tuple[Network, StreamHeader]:
    """A network, and the header of a stream that names it, whose model the product knows."""
    model = random_model(seed, front, recurrent)
    add_model(model)
    stream = StreamHeader(44100, channels, 32, False, 0, None, 5000, 3, model_hash=model.hash)
    return Network(to_bytes(model.network), attached_gates()), stream


def completed(head: SideInfo, network: Network, stream: StreamHeader, seed: int, patch) -> bytes:
    """With random words: as many as are taken, or too few where it is refused."""
    rng = np.random.default_rng([seed, 1])
    count = 3 * head.frames * head.channels + 1000
    words, bits = random_words(rng, count), rng.integers(0, 2**32, count, dtype=np.uint32)
    coder, string = RangeDecoder(words.tolist()), BitString(bits.tobytes())
    taken = used = count
    with patch.context() as patched:
        patched.setattr(cascade_mixture, "read_words", lambda _reader: (coder, string))
        for module in (cascade, network_block):
            patched.setattr(module, "check_end", lambda *_words: None)
        try:
            told_payload(head.data, head.frames, stream, network=network)
            taken, used = coder.taken, -(-string.used // 32)
        except SpecError:
            pass
    tail = write_varint(taken) + words[:taken].astype("<u4").tobytes()
    return head.data + tail + bits[:used].astype("<u4").tobytes()


def agreed(head: SideInfo, seed: int, patch) -> bool:
    """Whether both take the block, and then read the same."""
    front = "lpc" if head.data[1 + 3 * head.channels] == 3 else "high"
    network, stream = known(seed, front, head.channels, seed % 3 == 0)
    block = completed(head, network, stream, seed, patch)
    try:
        told = told_payload(block, head.frames, stream, network=network)
    except SpecError:
        with pytest.raises(CorruptStream):
            decode_block(block, head.frames, stream)
        return False
    np.testing.assert_array_equal(decode_block(block, head.frames, stream), told)
    for changed in (block[:-4], block + bytes(4)):
        with pytest.raises(CorruptStream):
            decode_block(changed, head.frames, stream)
    return True


def short_segments() -> SideInfo:
    """One begins before time 1024."""
    for seed in range(1000):
        block, frames, channels = random_block(seed, 400)
        if channels == 1 and frames > 270:
            return SideInfo(opening(1) + bytes([3]) + block[1:] + b"\7", frames, 1)
    raise AssertionError


def test_what_is_not_allowed_behind_a_network(monkeypatch):
    """A block with nothing else that is wrong with it."""
    head = short_segments()
    network, stream = known(3, "lpc", 1)
    with monkeypatch.context() as patched:
        patched.setattr(network_block, "require", lambda *_condition: None)
        block = completed(head, network, stream, 5, monkeypatch)
        told_payload(block, head.frames, stream, network=network)
    with pytest.raises(SpecError, match="multiple of 1024"):
        told_payload(block, head.frames, stream, network=network)
    with pytest.raises(CorruptStream):
        decode_block(block, head.frames, stream)


@pytest.mark.parametrize("kind", [6, 127])
def test_kinds_that_there_are_not(kind):
    head = behind_windows(0)
    network, stream = known(3, "lpc", head.channels)
    place = 1 + 3 * head.channels
    payload = head.data[:place] + bytes([kind]) + head.data[place + 1 :] + bytes(9)
    with pytest.raises(SpecError, match="kind of network block"):
        told_payload(payload, head.frames, stream, network=network)
    with pytest.raises(CorruptStream):
        decode_block(payload, head.frames, stream)


@pytest.mark.parametrize("made", [behind_windows, behind_cascade])
def test_random_blocks(made, monkeypatch):
    taken: Counter[bool] = Counter()
    for seed in range(12):
        taken[agreed(made(seed), seed, monkeypatch)] += 1
    assert taken[True] > 8, taken


@pytest.mark.parametrize("made", [long_windows, long_cascade])
def test_long_block(made, monkeypatch):
    assert agreed(made(), 2, monkeypatch)
