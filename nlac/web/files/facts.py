"""Facts about a file, whatever its format."""

from __future__ import annotations

import nlac
from nlac._errors import NlacError
from nlac.bitstream.constants import MAGIC
from nlac.web.answers import Facts
from nlac.web.files.refs import Audio

# strings of a file's tags that are shown
_MOST_TEXT = 4096


def facts_of(audio: Audio) -> Facts:
    """Return what is known of a file.

    Raises
    ------
    NlacError
        It is no audio, or damaged where that must be known.
    """
    with open(audio.path, "rb") as file:
        is_stream = file.read(len(MAGIC)) == MAGIC
    size = audio.path.stat().st_size
    if is_stream:
        info = nlac.info(audio.path)
        tags = {
            name: [value[:_MOST_TEXT] for value in values] for name, values in info.tags.items()
        }
        return Facts(
            ref=audio.ref, name=audio.name, bytes=size, sample_rate=info.sample_rate,
            channels=info.channels, bits_per_sample=info.bits_per_sample, is_float=info.is_float,
            frames=info.num_frames, seconds=info.seconds, format="nlac", tags=tags,
            notes=list(info.notes), stream=info.to_dict(),
        )  # fmt: skip
    return _of_audio(audio, size)


def _of_audio(audio: Audio, size: int) -> Facts:
    from nlac.audio.base import Keep
    from nlac.audio.source import open_source

    with open(audio.path, "rb") as file, open_source(file, keep=Keep.EVERYTHING) as source:
        fmt = source.format
        frames = source.num_frames if source.num_frames is not None else source.expected_frames
        if not frames:
            raise NlacError("it holds no samples")
        return Facts(
            ref=audio.ref, name=audio.name, bytes=size, sample_rate=fmt.sample_rate,
            channels=fmt.channels, bits_per_sample=fmt.bits_per_sample, is_float=fmt.is_float,
            frames=frames, seconds=frames / fmt.sample_rate, format=source.container, tags={},
            notes=list(source.warnings), stream=None,
        )  # fmt: skip
