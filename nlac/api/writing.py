"""Write arrays to an nlac file in one go."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Unpack

from numpy.typing import ArrayLike

from nlac._arguments import text_fields
from nlac._files import WriteFile
from nlac.api.arrays import audio_format, frames_of, sample_format
from nlac.api.given import PictureLike, TagMapping, metadata_items
from nlac.api.options import OptionFields, encode_options, spelled_out
from nlac.api.stream_encoder import Encoder
from nlac.api.writer import NlacWriter
from nlac.metadata.tags import TagEditor


@spelled_out
def write(
    file: WriteFile,
    samples: ArrayLike,
    sample_rate: int,
    *,
    bits_per_sample: int | None = None,
    channel_mask: int = 0,
    tags: TagMapping | None = None,
    like: str | PathLike[str] | None = None,
    pictures: Sequence[PictureLike] = (),
    force: bool = False,
    **options: Unpack[OptionFields],
) -> None:
    """Write an array as an nlac file.

    Parameters
    ----------
    file : path or binary file object
        Where to; a pipe does. A path appears only when everything went well.
    samples : array_like, shape (frames, channels), or (frames,) for mono
        Right-justified integers, or float32; floats of another type if each value is
        exactly a float32.
    sample_rate : int
        Frames a second; a float if it is whole.
    bits_per_sample : int, optional
        Valid bits of integers, 1 to 32. int8 and int16 have 8 and 16 unless this says
        otherwise; for int32 and int64 it must be given, since they hold audio of any
        depth. Values that do not fit are refused, as are other float64 and unsigned
        integers: whether to round or to shift them is not for a lossless codec to guess.
    channel_mask : int
        Speaker positions as in WAVE; 0 if not given.
    tags : mapping of str to str or sequence of str, or pairs of str, optional
        Vorbis comments.
    like : path, optional
        An audio file, nlac or other, whose tags and pictures are copied. Names in `tags` count
        before its, and `pictures` instead of its.
    pictures : sequence of Picture, path or str
        Pictures, or image files, as in `encode`.
    force : bool
        Replace an existing file.

    Other Parameters
    ----------------
    preset, predictor, predictor_options, model, device, coder, long_term, effort, \
    block_seconds, profile, entry_seconds, origin, verify, threads, memory
        As in `EncodeOptions`.

    Raises
    ------
    UsageError
        The array is not of such a shape or type, or has values that do not fit, or the
        name has the extension of another kind of file.
    OutputExists
        There is such a file, and not `force`.

    Examples
    --------
    >>> nlac.write("take.nlac", samples, 48_000, bits_per_sample=24)   # doctest: +SKIP
    """
    array = frames_of(samples)
    layout = sample_format(array, bits_per_sample)
    fmt = audio_format(
        sample_rate, array.shape[1], layout.bits_per_sample, layout.is_float, channel_mask
    )
    if like is not None:
        tags, pictures = _as_in(like, tags, pictures)
    items, chosen = metadata_items(tags, pictures), encode_options(options)
    encoder = Encoder.of_format(fmt, len(array), items, chosen)
    with NlacWriter.of_encoder(file, encoder, force) as opened:
        opened.write(array)


def _as_in(
    like: str | PathLike[str], tags: TagMapping | None, pictures: Sequence[PictureLike]
) -> tuple[TagMapping, Sequence[PictureLike]]:
    """Tags and pictures of another file, with those that are given."""
    from nlac.metadata.files import read_file_tags

    shown = read_file_tags(like)
    edited = TagEditor(shown.comments)
    for name, values in TagEditor(text_fields(tags or ())).items():
        edited[name] = values
    return edited.comments, pictures or shown.pictures
