"""Settings of the array codecs, and which axis of an array is time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from nlac._arguments import is_truth, whole_number
from nlac._errors import UsageError
from nlac.codec.encoder.options import Coder, EncodeOptions, PresetName

Layout = Literal["auto", "frames_first", "channels_first"]

MAX_GROUP = 255
MOST_NEIGHBOURS = 32


@dataclass(frozen=True, slots=True)
class ArraySettings:
    """How to encode the chunks of an array. No setting changes what comes back.

    Attributes
    ----------
    preset : {"fast", "standard", "high", "max", "neural"}
        As in `nlac.EncodeOptions`.
    coder : {"auto", "range", "rice"}
        As there.
    long_term : bool
        As there; off by default, since what repeats itself far back is music.
    layout : {"auto", "frames_first", "channels_first"}
        The axis of time: the longest (the first of equals), the first, or the last. All others
        together are the channels.
    group : int or None
        Channels of a stream, 1 to 255. If None, 8, or more where chunks are short.
    neighbours : int
        Channels of the same frame, 0 to 32, that a channel is predicted from ahead of the
        streams where that makes a piece of the chunk smaller; 0 and 1 for none.
    block_frames : int or None
        Frames of a block within a stream; if None, as many as a block may have.
    sample_rate : int
        Frames a second, which only presets with a cascade ask for.
    verify : bool
        Decode what was encoded, and compare. Not stored with the array.
    threads : int
        Streams coded at a time; 0 uses all cores. Not stored with the array.
    """

    preset: PresetName = "standard"
    coder: Coder = "auto"
    long_term: bool = False
    layout: Layout = "auto"
    group: int | None = None
    neighbours: int = 8
    block_frames: int | None = None
    sample_rate: int = 30_000
    verify: bool = field(default=True, compare=False)
    threads: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        if self.layout not in get_args(Layout):
            known = ", ".join(get_args(Layout))
            raise UsageError(f"unknown layout {self.layout!r}; known: {known}")
        if self.group is not None and not 1 <= whole_number("group", self.group) <= MAX_GROUP:
            raise UsageError(f"group {self.group} is not in 1 to {MAX_GROUP}")
        if not 0 <= whole_number("neighbours", self.neighbours) <= MOST_NEIGHBOURS:
            raise UsageError(f"neighbours {self.neighbours} is not in 0 to {MOST_NEIGHBOURS}")
        if self.block_frames is not None and whole_number("block_frames", self.block_frames) < 1:
            raise UsageError(f"block_frames {self.block_frames}: at least 1")
        if not 1 <= whole_number("sample_rate", self.sample_rate) < 2**32:
            raise UsageError(f"sample_rate {self.sample_rate} is not in 1 to {2**32 - 1}")
        if not is_truth(self.verify):
            raise UsageError(f"verify {self.verify!r} is neither True nor False")
        _ = self.options(1)

    @property
    def stored(self) -> dict[str, Any]:
        """What is stored with the array, as JSON has it: all that the bytes depend on."""
        names = (
            "preset", "coder", "long_term", "layout", "group", "neighbours", "block_frames",
            "sample_rate",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}

    def options(self, frames: int) -> EncodeOptions:
        """Options of a stream of so many frames; it is one thread's work."""
        length = min(frames, self.block_frames or frames)
        return EncodeOptions(
            self.preset, coder=self.coder, long_term=self.long_term, verify=False,
            block_seconds=max(1, length) / self.sample_rate, threads=self.threads,
        )  # fmt: skip


def time_axis(shape: tuple[int, ...], layout: Layout) -> int:
    """Which axis of an array is time, 0 for an array without axes."""
    if layout == "auto":
        return shape.index(max(shape)) if shape else 0
    return 0 if layout == "frames_first" else max(0, len(shape) - 1)
