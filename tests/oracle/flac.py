"""The frames of an original FLAC file, after section 6.10 of format_spec.md and RFC 9639.

Written from the texts alone, to be compared with other decoders. Slow and plain: bits are strings.
"""

from typing import Any

from oracle.container import Item, Reader, require

FRAMES = 8
NAMES = (
    "shape", "layout", "flags", "length", "rate", "number", "padding", "subframe", "wasted",
    "partitions", "precision", "shift", "coefficient high", "coefficient low", "rice", "raw bits",
    "page segments", "page flags", "page position",
)  # fmt: skip
# lengths of blocks by their code, RFC 9639, 9.1.1
LENGTHS = {1: 192, 2: 576, 3: 1152, 4: 2304, 5: 4608, **{8 + i: 256 << i for i in range(8)}}
FIXED = ((), (1,), (2, -1), (3, -3, 1), (4, -6, 4, -1))


class Columns:
    """The columns of an item, section 6.10.1."""

    def __init__(self, content: bytes) -> None:
        reader = Reader(content)
        sizes = [reader.unsigned(4) for _ in NAMES]
        self.columns = {
            name: Reader(reader.raw(size)) for name, size in zip(NAMES, sizes, strict=True)
        }
        require(reader.left() == 0, "flac frames: bytes behind the columns")
        require(sizes[0] == sizes[1] == sizes[2], "flac frames: columns of frames")
        require(sizes[16] == sizes[17], "flac frames: columns of pages")

    def take(self, name: str, size: int = 1) -> int:
        return self.columns[name].unsigned(size)

    def more(self, name: str) -> bool:
        return self.columns[name].left() > 0


def bits(value: int, count: int) -> str:
    """The low bits of a number, the most significant first."""
    return f"{value % (1 << count):0{count}b}" if count else ""


def crc(data: bytes, polynomial: int, width: int) -> int:
    value = 0
    for byte in data:
        value ^= byte << (width - 8)
        for _ in range(8):
            value = value << 1 ^ (polynomial if value >> (width - 1) else 0)
            value %= 1 << width
    return value


def coded_number(value: int) -> bytes:
    """RFC 9639, 9.1.5."""
    if value < 128:
        return bytes([value])
    count = 2
    while value >= 1 << (5 * count + 1):
        count += 1
    rest = [0x80 | value >> 6 * i & 63 for i in reversed(range(count - 1))]
    return bytes([(0xFF00 >> count) % 256 | value >> 6 * (count - 1), *rest])


def build_frame(columns: Columns, state: list[int], samples: list[list[int]], depth: int) -> Any:
    """Section 6.10.2; samples are those that follow. The frame, and its samples."""
    shape, layout, flags = columns.take("shape"), columns.take("layout"), columns.take("flags")
    strategy, length_code = shape >> 7, shape >> 3 & 15
    rate_code, assignment = layout >> 4, layout & 15
    require(flags < 4, "frame: flags")
    require(length_code != 0 and rate_code != 15 and assignment <= 10, "frame: codes")
    number = columns.take("number", 5) if flags & 1 else state[strategy]
    require(number < 1 << 36, "frame: number")
    length_bytes = {6: 1, 7: 2}.get(length_code, 0)
    rate_bytes = {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    uncommon = bytes(columns.take("length") for _ in range(length_bytes))
    length = int.from_bytes(uncommon, "big") + 1 if uncommon else LENGTHS[length_code]
    uncommon += bytes(columns.take("rate") for _ in range(rate_bytes))
    padding = columns.take("padding") if flags & 2 else 0
    require(len(samples) == (assignment + 1 if assignment < 8 else 2), "frame: channels")
    require(len(samples[0]) >= length, "frame: more samples than the stream has")
    header = bytes([255, 0xF8 | strategy, length_code << 4 | rate_code])
    header += bytes([assignment << 4 | (shape & 7) << 1]) + coded_number(number) + uncommon
    header += bytes([crc(header, 0x07, 8)])
    signals = [(channel[:length], depth) for channel in samples]
    if assignment >= 8:
        (left, _), (right, _) = signals
        side = ([a - b for a, b in zip(left, right, strict=True)], depth + 1)
        mid = ([(a + b) >> 1 for a, b in zip(left, right, strict=True)], depth)
        signals = [[signals[0], side], [side, signals[1]], [mid, side]][assignment - 8]
    text = "".join(build_subframe(columns, list(signal), width) for signal, width in signals)
    text += bits(padding, -len(text) % 8)
    frame = header + bytes(int(text[i : i + 8], 2) for i in range(0, len(text), 8))
    frame += crc(frame, 0x8005, 16).to_bytes(2, "big")
    most = 1024 + 4 * -(-length * depth * len(samples) // 8)
    require(len(frame) <= most, "frame: too long")
    state[:] = [number + 1, number + length]
    return frame, length


def build_subframe(columns: Columns, signal: list[int], depth: int) -> str:
    """Section 6.10.3."""
    header = columns.take("subframe")
    require(header < 128, "subframe: header")
    text, kind = bits(header, 8), header >> 1
    if header & 1:
        wasted = columns.take("wasted")
        require(0 < wasted < depth, "subframe: wasted bits")
        require(all(x % (1 << wasted) == 0 for x in signal), "subframe: wasted bits are in use")
        signal, depth = [x >> wasted for x in signal], depth - wasted
        text += bits(1, wasted)
    if kind == 0:
        require(len(set(signal)) == 1, "subframe: not constant")
        return text + bits(signal[0], depth)
    if kind == 1:
        return text + "".join(bits(x, depth) for x in signal)
    require(8 <= kind <= 12 or kind >= 32, "subframe: type")
    order = kind - 8 if kind < 32 else kind - 31
    require(order <= len(signal), "subframe: order")
    text += "".join(bits(x, depth) for x in signal[:order])
    weights, shift = list(FIXED[order]) if kind < 32 else [], 0
    if kind >= 32:
        precision, shift = columns.take("precision") + 1, columns.take("shift")
        require(precision <= 15 and shift <= 15, "subframe: precision or shift")
        text += bits(precision - 1, 4) + bits(shift, 5)
        for _ in range(order):
            weight = columns.take("coefficient high") << 8 | columns.take("coefficient low")
            weight -= (weight >> 15) << 16
            require(-(1 << precision - 1) <= weight < 1 << precision - 1, "subframe: coefficient")
            weights.append(weight)
            text += bits(weight, precision)
    residual = [
        signal[i] - (sum(w * signal[i - 1 - j] for j, w in enumerate(weights)) >> shift)
        for i in range(order, len(signal))
    ]
    return text + build_residual(columns, residual, order)


def build_residual(columns: Columns, residual: list[int], order: int) -> str:
    """Sections 6.10.3 and 6.10.4."""
    coding = columns.take("partitions")
    method, count = coding >> 4, 1 << (coding & 15)
    size = (order + len(residual)) // count
    require(method < 2 and size * count == order + len(residual), "residual: method or partitions")
    require(size >= order, "residual: partition shorter than the order")
    text, width, largest = bits(coding, 6), 4 + method, 14 if method == 0 else 30
    begin = 0
    for number in range(count):
        end = (number + 1) * size - order
        part, begin = residual[begin:end], end
        byte = columns.take("rice")
        if byte == 255:
            raw = columns.take("raw bits")
            require(raw < 32, "residual: raw bits")
            low = -(1 << raw - 1) if raw else 0
            require(all(low <= x < max(-low, 1) for x in part), "residual: beyond its raw bits")
            text += bits(largest + 1, width) + bits(raw, 5)
            text += "".join(bits(x, raw) for x in part)
            continue
        require(all(abs(x) < 1 << 31 for x in part), "residual: of more than 32 bits")
        total = sum(abs(x) for x in part)
        expected = 0
        if part and total >= 2:
            expected = min(largest, ((total - 1) // len(part)).bit_length())
        parameter = expected + (-(byte + 1) // 2 if byte & 1 else byte // 2)
        require(0 <= parameter <= largest, "residual: Rice parameter")
        text += bits(parameter, width)
        for x in part:
            folded = 2 * x if x >= 0 else -2 * x - 1
            require(folded >> parameter < 1 << 28, "frame: too long")
            text += "0" * (folded >> parameter) + "1" + bits(folded, parameter)
    return text


def pack_frames(reader: Reader, items: list[Item], depth: int, channels: list[list[int]]) -> bytes:
    """Sections 6.3.2 and 6.10: what lies between head and tail; the reader is behind the width."""
    method, count = reader.unsigned(1), reader.unsigned(4)
    require(method in (1, 2), "recipe: method of coded frames")
    serial, page = (reader.unsigned(4), reader.unsigned(4)) if method == 2 else (0, 0)
    require(reader.left() == 0, "recipe: bytes behind it")
    pieces = [Columns(item.content) for item in items if item.type == FRAMES]
    require(len(pieces) == count, "recipe: number of items")
    state, place, frames, ends = [0, 0], 0, [], []
    for columns in pieces:
        while columns.more("shape"):
            rest = [channel[place : place + 65536] for channel in channels]
            frame, length = build_frame(columns, state, rest, depth)
            place += length
            frames.append(frame)
            ends.append(place)
        require(not any(columns.more(name) for name in NAMES[:16]), "flac frames: bytes are left")
    require(place == len(channels[0]), "flac frames: samples are left")
    if method == 1:
        return b"".join(frames)
    return lay_pages(pieces, frames, ends, serial, page)


def lay_pages(
    pieces: list[Columns], frames: list[bytes], ends: list[int], serial: int, number: int
) -> bytes:
    """Section 6.10.5."""
    pages = []
    for columns in pieces:
        while columns.more("page segments"):
            segments, flags = columns.take("page segments"), columns.take("page flags")
            position = columns.columns["page position"].signed(8) if flags & 128 else None
            pages.append((segments, flags & 127, position))
        require(not columns.more("page position"), "flac frames: positions are left")
    # size of each segment, and the samples up to it if a packet ends with it
    segments = []
    for frame, end in zip(frames, ends, strict=True):
        full, last = divmod(len(frame), 255)
        segments += [(255, None)] * full + [(last, end)]
    total = sum(count for count, _, _ in pages)
    if total == len(segments) + 1:
        segments.append((0, ends[-1] if ends else 0))
    require(total == len(segments), "flac frames: pages and frames differ")
    body, out = Reader(b"".join(frames)), b""
    for count, flags, position in pages:
        own, segments = segments[:count], segments[count:]
        found = [end for _, end in own if end is not None]
        if position is None:
            position = found[-1] if found else -1
        header = b"OggS\0" + bytes([flags]) + position.to_bytes(8, "little", signed=True)
        header += serial.to_bytes(4, "little") + number.to_bytes(4, "little")
        rest = bytes([count, *(size for size, _ in own)]) + body.raw(sum(size for size, _ in own))
        check = crc(header + bytes(4) + rest, 0x04C11DB7, 32)
        out += header + check.to_bytes(4, "little") + rest
        number = (number + 1) % 2**32
    return out
