"""Encode an array as one chunk of bytes, and decode it."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream, LimitExceeded, UsageError, VerifyMismatch
from nlac._parallel import ordered_map
from nlac.codec.decoder.workers import available_cores, available_memory
from nlac.storage.container import BANK, TYPES, Bank, Chunk, num_samples, pack, unpack
from nlac.storage.settings import ArraySettings, time_axis

# a stream has some 100 bytes besides its blocks: of short chunks, streams take more channels
_USUAL_GROUP, _MOST_USUAL_GROUP, _LEAST_BYTES = 8, 64, 1 << 16
# the trial whether neighbours help
_TRIAL_FRAMES, _TRIAL_CHANNELS = 4096, 32
_LEAST_GAIN = 0.998


class _Prepared(NamedTuple):
    """A bank, as its streams are to be encoded: (channels, frames) int32 or float32."""

    bank: Bank
    rows: NDArray[Any]
    group: int


def encode(array: NDArray[Any], settings: ArraySettings) -> bytes:
    """Encode an array.

    Parameters
    ----------
    array : ndarray
        Integers of 8, 16 or 32 bits, signed or not, or float32, of any shape and byte order.
    settings : ArraySettings
        How.

    Returns
    -------
    bytes
        The chunk; the same for the same array and settings, whatever the threads.

    Raises
    ------
    UsageError
        The array is of another type.
    VerifyMismatch
        What was encoded does not decode to the same: a fault of the encoder.
    """
    if array.dtype.str[1:] not in TYPES:
        raise UsageError(
            f"{array.dtype} samples: the array codec takes integers of 8, 16 and 32 bits, signed "
            "or not, and float32"
        )
    fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    plain = array.T if fortran else array
    # of an array without axes, NumPy would make one with an axis
    plain = np.ascontiguousarray(plain).reshape(plain.shape)
    time = time_axis(array.shape, settings.layout)
    if fortran:
        time = array.ndim - 1 - time
    empty = Chunk(array.dtype, plain.shape, fortran, time, 8 * array.dtype.itemsize, [])
    if not plain.size:
        return pack(empty)
    rows = _rows_of(plain, time)
    bits = 32 if rows.dtype.kind == "f" else _bits_of(rows)
    prepared = [
        _prepare(rows[first : first + BANK], bits, settings)
        for first in range(0, len(rows), BANK)
    ]
    chunk = empty._replace(bits=bits, banks=[each.bank for each in prepared])
    _encode_streams(prepared, bits, settings)
    data = pack(chunk)
    if settings.verify:
        again = decode(data, settings.threads)
        if again.dtype != array.dtype or again.tobytes("A") != plain.tobytes():
            raise VerifyMismatch("encoder fault: the chunk does not decode to the same array")
    return data


def _rows_of(plain: NDArray[Any], time: int) -> NDArray[Any]:
    """Samples as (channels, frames) int32 or float32, contiguous."""
    if not plain.shape:
        plain = plain.reshape(1)
    moved = np.moveaxis(plain, time, -1)
    moved = moved.reshape(-1, moved.shape[-1])
    if plain.dtype.kind == "f":
        return np.ascontiguousarray(moved, np.float32)
    if plain.dtype.kind == "u":
        # the top bit turned is the value less half the range, as a signed integer
        size = plain.dtype.itemsize
        native = moved.astype(plain.dtype.newbyteorder("="))
        native ^= native.dtype.type(1 << (8 * size - 1))
        moved = native.view(f"i{size}")
    return np.ascontiguousarray(moved, np.int32)


def _from_rows(rows: NDArray[Any], chunk: Chunk) -> NDArray[Any]:
    """Invert `_rows_of`, in the type and memory order of the chunk."""
    native = chunk.dtype.newbyteorder("=")
    if chunk.dtype.kind == "u":
        size = chunk.dtype.itemsize
        rows = rows.astype(f"i{size}").view(native)
        rows ^= native.type(1 << (8 * size - 1))
    if not chunk.shape:
        return rows.astype(chunk.dtype).reshape(())
    others = [length for axis, length in enumerate(chunk.shape) if axis != chunk.time]
    moved = np.moveaxis(rows.reshape(*others, chunk.frames), -1, chunk.time)
    plain = np.ascontiguousarray(moved, chunk.dtype)
    return plain.T if chunk.fortran else plain


def _bits_of(rows: NDArray[np.int32]) -> int:
    """Fewest bits that hold all samples as signed integers."""
    low, high = int(rows.min()), int(rows.max())
    return 1 + max(high, ~low, 0).bit_length()


def _prepare(rows: NDArray[Any], bits: int, settings: ArraySettings) -> _Prepared:
    """Order a bank, and predict channels from their neighbours where that helps."""
    from nlac.storage import neighbours

    channels, frames = rows.shape
    enough = -(-_LEAST_BYTES * 8 // (frames * bits))
    group = settings.group or min(max(_USUAL_GROUP, enough), _MOST_USUAL_GROUP)
    order = np.arange(channels, dtype=np.int64)
    none = neighbours.Neighbours(
        np.zeros(channels, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    )
    if channels > 2 and frames > 2 and rows.dtype.kind == "i":
        products = neighbours.correlations(rows)
        order = neighbours.gathered(products, group)
        rows = np.ascontiguousarray(rows[order])
        if settings.neighbours > 1:
            found = neighbours.find(products[np.ix_(order, order)], frames, settings.neighbours)
            if found.counts.any():
                residuals = neighbours.subtract(rows, found, bits)
                if _smaller(residuals, rows, group):
                    return _Prepared(Bank(order, found, []), residuals, group)
    return _Prepared(Bank(order, none, []), rows, group)


def _smaller(residuals: NDArray[np.int32], rows: NDArray[np.int32], group: int) -> bool:
    """Whether a piece of the middle is smaller as residuals than as it is."""
    from nlac.codec.encoder.lpc.block import quick_size

    begin = max(0, (rows.shape[1] - _TRIAL_FRAMES) // 2)
    first = max(0, (len(rows) - _TRIAL_CHANNELS) // 2)

    def size(channels: NDArray[np.int32]) -> int:
        piece = channels[first : first + _TRIAL_CHANNELS, begin : begin + _TRIAL_FRAMES]
        return sum(
            quick_size(np.ascontiguousarray(piece[at : at + group]))
            for at in range(0, len(piece), group)
        )

    return size(residuals) < _LEAST_GAIN * size(rows)


def _encode_streams(prepared: list[_Prepared], bits: int, settings: ArraySettings) -> None:
    """Encode every group, and put the streams into the banks."""
    from nlac.api.writing import write

    options = replace(settings.options(prepared[0].rows.shape[1]), threads=1)

    def work(rows: NDArray[Any]) -> bytes:
        stream = io.BytesIO()
        depth = None if rows.dtype.kind == "f" else bits
        write(
            stream, rows.T, settings.sample_rate, bits_per_sample=depth, preset=options.preset,
            coder=options.coder, long_term=options.long_term, verify=False, threads=1,
            block_seconds=options.block_seconds,
        )  # fmt: skip
        return stream.getvalue()

    groups = [
        (each.bank, each.rows[at : at + each.group])
        for each in prepared
        for at in range(0, len(each.rows), each.group)
    ]
    threads = settings.threads or available_cores()
    streams = ordered_map(work, (rows for _, rows in groups), min(threads, len(groups)))
    for (bank, rows), stream in zip(groups, streams, strict=True):
        bank.streams.append((len(rows), stream))


def decode(data: bytes, threads: int = 0, shape: tuple[int, ...] | None = None) -> NDArray[Any]:
    """Decode a chunk.

    Parameters
    ----------
    data : bytes
        From `encode`.
    threads : int
        Streams decoded at a time; 0 uses all cores.
    shape : tuple of int, optional
        Shape that the array must have; another one is damage.

    Returns
    -------
    ndarray
        With the shape, the type and the memory order of the array that was encoded.

    Raises
    ------
    FormatError
        The bytes are no chunk, or a damaged one.
    LimitExceeded
        The array does not fit into memory.
    """
    chunk = unpack(data)
    full = chunk.shape[::-1] if chunk.fortran else chunk.shape
    if shape is not None and tuple(shape) != full:
        raise CorruptStream(f"chunk of shape {full} where one of shape {tuple(shape)} should be")
    size = num_samples(chunk.shape)
    if not size:
        try:
            empty = np.zeros(chunk.shape, chunk.dtype)
        except ValueError as error:
            raise CorruptStream(f"chunk of shape {full}: {error}") from error
        return empty.T if chunk.fortran else empty
    # the samples as they are coded, of 4 bytes each, and the array
    if size * (4 + chunk.dtype.itemsize) > available_memory():
        raise LimitExceeded(f"chunk of shape {full}: it does not fit into memory")
    kind: type[np.generic] = np.float32 if chunk.dtype.kind == "f" else np.int32
    rows: NDArray[Any] = np.empty((chunk.channels, chunk.frames), kind)
    _decode_streams(chunk, rows, threads or available_cores())
    for number, bank in enumerate(chunk.banks):
        part = rows[number * BANK : (number + 1) * BANK]
        if bank.neighbours.counts.any():
            from nlac.storage.neighbours import add

            if kind is np.float32:
                raise CorruptStream("references among channels of floats")
            part[bank.order] = add(part, bank.neighbours, chunk.bits)
        else:
            part[bank.order] = part.copy()
    return _from_rows(rows, chunk)


def _decode_streams(chunk: Chunk, rows: NDArray[Any], threads: int) -> None:
    """Decode all streams into `rows`, (channels, frames), in the coding order."""
    from nlac.api.file import NlacFile

    def work(part: tuple[int, bytes]) -> NDArray[Any]:
        channels, stream = part
        wanted = (channels, chunk.frames, chunk.bits, rows.dtype.kind == "f")
        with NlacFile(stream, threads=1) as opened:
            # before anything is decoded: few bytes can hold much silence
            if (opened.channels, opened.frames, opened.bits_per_sample, opened.is_float) != wanted:
                raise CorruptStream("a stream is not of the chunk's channels, length and type")
            samples: NDArray[Any] = opened.read(always_2d=True)
            return samples.T

    parts = [part for bank in chunk.banks for part in bank.streams]
    first = 0
    for done in ordered_map(work, parts, min(threads, len(parts))):
        rows[first : first + len(done)] = done
        first += len(done)
