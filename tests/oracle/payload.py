"""The payloads of nlac blocks: sections 11.1, 11.6, 11.13 and 11.14 of format_spec.md.

See decoder.py.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from oracle.cascade import decode_cascade
from oracle.coding import FULL, RangeDecoder, Tables, fits
from oracle.container import CASCADE, CNN, GRU, LPC, Header, Reader, require
from oracle.floats import decode_floats
from oracle.lpc import decode_lpc
from oracle.network_block import decode_network
from oracle.networks import Network
from oracle.origin import decode_origin
from oracle.prefilter import decode_prefiltered
from oracle.slices import decode_sliced


class Channel(NamedTuple):
    """A channel description; kind is 0 constant, 1 copy, 2 negated copy, 3 coded."""

    kind: int
    number: int  # source or step
    offset: int


def read_channels(reader: Reader, count: int) -> list[Channel]:
    """Section 11.6."""
    channels: list[Channel] = []
    for c in range(count):
        kind, number = reader.varint(0, 3, "kind of channel"), 0
        if kind == 3:
            number = reader.varint(1, 2**32 - 1, "step")
        elif kind:
            number = reader.varint(0, c - 1, "source")
            require(channels[number].kind == 3, "the source is not coded")
        channels.append(Channel(kind, number, reader.svarint(-(2**34), 2**34, "offset")))
    return channels


def join_channels(
    channels: list[Channel], coded: list[list[int]], frames: int, low: int, high: int
) -> list[list[int]]:
    """The samples of all channels from those that are coded, sections 11.1 and 11.6."""
    rows = iter(coded)
    joined: list[list[int]] = []
    for kind, number, offset in channels:
        if kind == 0:
            samples = [offset] * frames
        elif kind == 3:
            samples = [number * fits(y, 31) + offset for y in next(rows)]
        else:
            sign = 1 if kind == 1 else -1
            samples = [sign * x + offset for x in joined[number]]
        require(low <= min(samples) and max(samples) <= high, "sample is out of range")
        joined.append(samples)
    return joined


class Predictor(Protocol):
    """The procedures of 11.14; a mixture is a list of (location, scale, shape, weight)."""

    def start(self, channels: int, bits_per_sample: int, sample_rate: int) -> None: ...

    def predict(self, c: int) -> list[tuple[int, int, int, int]]: ...

    def update(self, c: int, v: int) -> None: ...


Predictors = Mapping[int, Callable[[bytes, bytes], Predictor]]


def check_mixture(mixture: list[tuple[int, int, int, int]]) -> None:
    """The ranges of section 11.13."""
    require(1 <= len(mixture) <= 16, f"mixture of {len(mixture)} parts")
    for location, scale, shape, weight in mixture:
        require(abs(location) <= 2**40, "location of a mixture")
        require(0 <= scale <= 607 and 0 <= shape <= 6, "scale or shape of a mixture")
        require(1 <= weight <= 65536, "weight of a mixture")
    require(sum(part[3] for part in mixture) == 65536, "weights of a mixture")


def decode_value(
    coder: RangeDecoder,
    mixture: list[tuple[int, int, int, int]],
    low: int,
    high: int,
    tables: Tables,
) -> int:
    """Section 11.13."""
    k = max(0, (min(part[1] for part in mixture) >> 4) - 10)
    first, last = low >> k, high >> k

    def edge(i: int) -> int:
        if i <= first:
            return 0
        if i > last:
            return FULL - 128
        b = (i << (8 + k)) - 128
        total = sum(
            weight * tables.cumulative(shape, scale, fits(b - location, 41))
            for location, scale, shape, weight in mixture
        )
        return (fits(total, 40) >> 16) - 64

    q = coder.quantile()
    if q >= FULL - 128:
        coder.take(FULL - 128, 128)
        v = low + coder.even_bits((high - low).bit_length())
    else:
        i = first + bisect_right(range(first + 1, last + 1), q, key=edge)
        c = edge(i)
        assert c <= q < edge(i + 1)
        coder.take(c, edge(i + 1) - c)
        v = (i << k) + coder.even_bits(k)
    require(low <= v <= high, f"value {v} is not in {low} to {high}")
    return v


def decode_generic(
    reader: Reader,
    frames: int,
    count: int,
    header: Header,
    tables: Tables,
    predictor: Predictor,
) -> list[list[int]]:
    """Section 11.14."""
    require(header.coder in (0, 1), "generic blocks have no Rice codes")
    ranges = [(reader.signed(4), reader.signed(4)) for _ in range(count)]
    require(all(low <= high for low, high in ranges), "range of a channel")
    require(reader.left() % 4 == 0, "words of the block")
    words = reader.words(reader.left() // 4)
    coder = RangeDecoder(words, len(words) + 1)
    samples: list[list[int]] = [[] for _ in range(count)]
    predictor.start(count, header.bits_per_sample, header.sample_rate)
    for _ in range(frames):
        for c, (low, high) in enumerate(ranges):
            mixture = predictor.predict(c)
            check_mixture(mixture)
            v = low if low == high else decode_value(coder, mixture, low, high, tables)
            samples[c].append(v)
            predictor.update(c, v)
    coded = coder.range < 2**64 - 1
    spare = coder.taken - len(words)
    require(spare in (0, 1) if coded else not words, "number of words")
    return samples


def decode_predicted(
    reader: Reader,
    frames: int,
    count: int,
    header: Header,
    tables: Tables,
    network: Network | None,
) -> list[list[int]]:
    """The coded channels of a block of the predictors 1 to 4 that is no origin block."""
    if header.predictor in (CNN, GRU):
        require(network is not None, "the model is not known")
        known = network
        assert known is not None
        return decode_prefiltered(
            reader, frames, count,
            lambda block: decode_network(block, frames, count, header.coder, tables, known),
        )  # fmt: skip
    require(not header.model_hash, "lpc and cascade have no model")
    if header.predictor == CASCADE:
        return decode_prefiltered(
            reader, frames, count,
            lambda block: decode_cascade(block, frames, count, header.coder, tables),
        )  # fmt: skip
    sliced = decode_sliced(reader, frames, count, header.coder, tables)
    return sliced or decode_prefiltered(
        reader, frames, count,
        lambda block: decode_lpc(block, frames, count, header.coder, tables),
    )  # fmt: skip


def decode_plane(
    reader: Reader,
    frames: int,
    number: int,
    header: Header,
    tables: Tables,
    predictors: Predictors,
    network: Network | None,
) -> list[list[int]]:
    """The integers of a number of channels, sections 11.1 and 11.6; each has 32 bits."""
    channels = read_channels(reader, number)
    count = sum(channel.kind == 3 for channel in channels)
    coded: list[list[int]] = []
    if not count:
        require(reader.left() == 0, "bytes behind the channel descriptions")
    elif header.predictor in (LPC, CASCADE, CNN, GRU):
        require(not header.parameters, "predictors 1 to 4 have no parameters")

        def decode(block: Reader, length: int) -> list[list[int]]:
            return decode_predicted(block, length, count, header, tables, network)

        coded = decode_origin(reader, frames, count, header, decode)
    else:
        require(header.predictor in predictors, f"predictor {header.predictor} is not known")
        predictor = predictors[header.predictor](header.parameters, header.model_hash)
        coded = decode_generic(reader, frames, count, header, tables, predictor)
    return join_channels(channels, coded, frames, -(2**31), 2**31 - 1)


def decode_phases(
    reader: Reader,
    frames: int,
    header: Header,
    tables: Tables,
    predictors: Predictors,
    network: Network | None,
) -> list[list[int]]:
    """Section 11.22."""
    phases = reader.varint(2, min(8, 255 // header.channels), "phases")
    offset = reader.varint(0, phases - 1, "offset of phases")
    number = phases * header.channels
    rows = decode_plane(
        reader, (frames + offset + phases - 1) // phases, number, header, tables, predictors,
        network,
    )  # fmt: skip
    return [
        [
            rows[(i + offset) % phases * header.channels + c][(i + offset) // phases]
            for i in range(frames)
        ]
        for c in range(header.channels)
    ]


def decode_payload(
    payload: bytes,
    frames: int,
    header: Header,
    tables: Tables,
    predictors: Predictors,
    network: Network | None = None,
) -> list[list[int]]:
    """Section 11.1: samples of all channels; floats as unsigned numbers of 32 bits.

    network is that of the model that the header names.
    """
    reader = Reader(payload)
    mode = reader.unsigned(1)
    require(mode in ((0, 2, 4) if header.is_float else (0, 1, 3)), f"mode {mode}")
    high = (1 << (header.bits_per_sample - 1)) - 1
    if mode:
        side = reader.raw(reader.varint(name="length of side data")) if header.is_float else b""
        if mode > 2:
            plane = decode_phases(reader, frames, header, tables, predictors, network)
        else:
            count = header.channels
            plane = decode_plane(reader, frames, count, header, tables, predictors, network)
        if header.is_float:
            return decode_floats(side, plane)
        for row in plane:
            require(~high <= min(row) and max(row) <= high, "sample is out of range")
        return plane
    size = (header.bits_per_sample + 7) // 8
    require(reader.left() == frames * header.channels * size, "length of a verbatim block")
    read = reader.unsigned if header.is_float else reader.signed
    samples = [read(size) for _ in range(frames * header.channels)]
    fine = header.is_float or (~high <= min(samples) and max(samples) <= high)
    require(fine, "sample is out of range")
    return [samples[c :: header.channels] for c in range(header.channels)]
