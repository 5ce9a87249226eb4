"""Stream header (spec 5): type, write, parse, verify."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from nlac._errors import (
    BadMagic,
    ChecksumMismatch,
    CorruptStream,
    TruncatedStream,
    UnsupportedVersion,
)
from nlac.bitstream import constants as c
from nlac.bitstream.checksum import crc32, crc_bytes

_FIXED = struct.Struct("<4sBBBBIIQIHBBH")
# other files that are given instead of a stream, for the error message
_KINDS = {
    b"RIFF": "a WAV file, or another one of RIFF",
    b"RF64": "an RF64 file",
    b"BW64": "a BW64 file",
    b"riff": "a W64 file",
    b"FORM": "an AIFF file",
    b"fLaC": "a FLAC file",
    b"OggS": "an Ogg file",
    b"caff": "a CAF file",
    b".snd": "an AU file",
    b"wvpk": "a WavPack file",
    b"ID3": "a file with an ID3 tag, such as MP3",
    b"nlacmod1": "an nlac model file",
}


@dataclass(frozen=True, slots=True)
class StreamHeader:
    """Header of a stream: sample format, length, predictor.

    Attributes
    ----------
    sample_rate : int
        Frames a second, 1 to 2**32 - 1.
    channels : int
        1 to 255.
    bits_per_sample : int
        Valid bits of a sample, 1 to 32; 32 for float.
    is_float : bool
        Samples are IEEE 754 binary32, not integers.
    channel_mask : int
        Speaker positions as in WAVE_FORMAT_EXTENSIBLE; 0 if not given.
    num_frames : int or None
        Length of the stream in frames. None if it was unknown when the header was written; the
        trailer has it.
    block_length : int
        Largest number of frames of a block.
    predictor_id : int
        Number of the predictor (spec 5.1).
    predictor_parameters : bytes
        Parameters in a form that the predictor defines, at most 4096 bytes.
    coder_id : int
        Coders that blocks may use (spec 5.2).
    model_hash : bytes
        SHA-256 of the integer weights of the model, or empty.
    """

    sample_rate: int
    channels: int
    bits_per_sample: int
    is_float: bool
    channel_mask: int
    num_frames: int | None
    block_length: int
    predictor_id: int
    predictor_parameters: bytes = b""
    coder_id: int = c.CODER_AUTO
    model_hash: bytes = b""

    @property
    def num_bytes(self) -> int:
        """Length of the header in the stream."""
        return (
            c.HEADER_FIXED_BYTES
            + len(self.predictor_parameters)
            + len(self.model_hash)
            + c.CRC_BYTES
        )

    @property
    def frame_bytes(self) -> int:
        """Bytes of a frame, with each sample in the fewest whole bytes."""
        return self.channels * ((self.bits_per_sample + 7) // 8)

    @property
    def checksum(self) -> int:
        """CRC-32 of the header, which the CRC of every later header continues."""
        return crc32(_body(self))

    def verify(self) -> None:
        """Check every field against the bounds of spec 5.

        Raises
        ------
        CorruptStream
            A field is out of bounds. The error names it.
        """
        if not c.MIN_BITS_PER_SAMPLE <= self.bits_per_sample <= c.MAX_BITS_PER_SAMPLE:
            raise _bad("bits_per_sample", self.bits_per_sample)
        if self.is_float and self.bits_per_sample != 32:
            raise _bad("bits_per_sample", self.bits_per_sample)
        if not c.MIN_CHANNELS <= self.channels <= c.MAX_CHANNELS:
            raise _bad("channels", self.channels)
        if not c.MIN_SAMPLE_RATE <= self.sample_rate <= c.MAX_SAMPLE_RATE:
            raise _bad("sample_rate", self.sample_rate)
        if not 0 <= self.channel_mask <= c.MAX_CHANNEL_MASK:
            raise _bad("channel_mask", self.channel_mask)
        if self.num_frames is not None and not 0 <= self.num_frames <= c.MAX_NUM_FRAMES:
            raise _bad("num_frames", self.num_frames)
        if not c.MIN_BLOCK_LENGTH <= self.block_length <= max_block_length(self.channels):
            raise _bad("block_length", self.block_length)
        if not 0 <= self.predictor_id < 2**16:
            raise _bad("predictor_id", self.predictor_id)
        if len(self.predictor_parameters) > c.MAX_PARAMETERS_BYTES:
            raise _bad("predictor_parameters length", len(self.predictor_parameters))
        if self.coder_id not in c.CODER_NAMES:
            raise _bad("coder_id", self.coder_id)
        if len(self.model_hash) not in (0, c.MODEL_HASH_BYTES):
            raise _bad("model_hash length", len(self.model_hash))


def max_block_length(channels: int) -> int:
    """Upper bound on the frames of a block of `channels` channels (spec 7.1)."""
    return c.MAX_BLOCK_SAMPLES // channels


def write_header(header: StreamHeader) -> bytes:
    """Verify a stream header and return its bytes."""
    header.verify()
    body = _body(header)
    return body + crc_bytes(crc32(body))


def header_num_bytes(fixed: bytes) -> int:
    """Length in bytes of a whole header, read from its first `HEADER_FIXED_BYTES` bytes.

    Raises
    ------
    BadMagic, UnsupportedVersion, TruncatedStream, CorruptStream
        The bytes do not begin a header that this version reads.
    """
    if fixed[:4] != c.MAGIC[: len(fixed)] or not fixed:
        kind = next((_KINDS[mark] for mark in _KINDS if fixed.startswith(mark)), None)
        raise BadMagic("not an nlac stream" + (f", but {kind}" if kind else ""))
    if len(fixed) > 4 and fixed[4] != c.FORMAT_VERSION:
        raise UnsupportedVersion(
            f"unknown format version {fixed[4]}; known: {c.FORMAT_VERSION}"
        )
    if len(fixed) < c.HEADER_FIXED_BYTES:
        raise TruncatedStream(
            "stream ends inside its header", offset_bytes=len(fixed), path="header"
        )
    hash_bytes = fixed[31]
    (parameters_bytes,) = struct.unpack_from("<H", fixed, 32)
    if hash_bytes not in (0, c.MODEL_HASH_BYTES):
        raise _bad("model_hash length", hash_bytes)
    if parameters_bytes > c.MAX_PARAMETERS_BYTES:
        raise _bad("predictor_parameters length", parameters_bytes)
    return int(c.HEADER_FIXED_BYTES + parameters_bytes + hash_bytes + c.CRC_BYTES)


def parse_header(data: bytes) -> StreamHeader:
    """Parse the stream header at the beginning of `data`; bytes after it are ignored.

    Raises
    ------
    BadMagic, UnsupportedVersion, TruncatedStream, ChecksumMismatch, CorruptStream
        The header is not that of a stream, of an unknown version, cut off, or damaged.
    """
    length = header_num_bytes(data[: c.HEADER_FIXED_BYTES])
    if len(data) < length:
        raise TruncatedStream(
            "stream ends inside its header", offset_bytes=len(data), path="header"
        )
    body = data[: length - c.CRC_BYTES]
    if crc_bytes(crc32(body)) != data[length - c.CRC_BYTES : length]:
        raise ChecksumMismatch("header CRC does not match", offset_bytes=0, path="header")
    (
        _magic,
        _version,
        sample_format,
        bits_per_sample,
        channels,
        sample_rate,
        channel_mask,
        num_frames,
        block_length,
        predictor_id,
        coder_id,
        _hash_bytes,
        parameters_bytes,
    ) = _FIXED.unpack_from(body)
    if sample_format not in (c.SAMPLE_FORMAT_INTEGER, c.SAMPLE_FORMAT_FLOAT32):
        raise _bad("sample_format", sample_format)
    split = c.HEADER_FIXED_BYTES + parameters_bytes
    header = StreamHeader(
        sample_rate=sample_rate,
        channels=channels,
        bits_per_sample=bits_per_sample,
        is_float=sample_format == c.SAMPLE_FORMAT_FLOAT32,
        channel_mask=channel_mask,
        num_frames=None if num_frames == c.NUM_FRAMES_UNKNOWN else num_frames,
        block_length=block_length,
        predictor_id=predictor_id,
        predictor_parameters=body[c.HEADER_FIXED_BYTES : split],
        coder_id=coder_id,
        model_hash=body[split:],
    )
    header.verify()
    return header


def _body(header: StreamHeader) -> bytes:
    fixed = _FIXED.pack(
        c.MAGIC,
        c.FORMAT_VERSION,
        c.SAMPLE_FORMAT_FLOAT32 if header.is_float else c.SAMPLE_FORMAT_INTEGER,
        header.bits_per_sample,
        header.channels,
        header.sample_rate,
        header.channel_mask,
        c.NUM_FRAMES_UNKNOWN if header.num_frames is None else header.num_frames,
        header.block_length,
        header.predictor_id,
        header.coder_id,
        len(header.model_hash),
        len(header.predictor_parameters),
    )
    return fixed + header.predictor_parameters + header.model_hash


def _bad(field: str, value: int) -> CorruptStream:
    return CorruptStream(
        f"{value} is out of bounds", offset_bytes=0, path=f"header.{field.replace(' ', '.')}"
    )
