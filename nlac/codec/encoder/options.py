"""Options of the encoder."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from nlac._arguments import is_real, is_truth, whole_number
from nlac._errors import UsageError
from nlac.bitstream.constants import MAX_BLOCK_SAMPLES
from nlac.codec.decoder.workers import Workers, available_cores
from nlac.codec.encoder.presets import PRESETS, PROFILES

PresetName = Literal["fast", "standard", "high", "max", "neural"]
Coder = Literal["auto", "range", "rice"]
Device = Literal["auto", "cpu", "cuda"]
ProfileName = Literal["archive", "dataset", "edit"]
OriginSearch = Literal["auto", "off"]

# shorter blocks would make the fixed bytes of a block count
_MIN_PRESET_BLOCK_LENGTH = 4096
# more channels, or a higher rate, than these get shorter blocks, as many samples as these have
_USUAL_CHANNELS, _USUAL_RATE, _HIGH_RATE = 8, 48_000, 96_000
MAX_EFFORT = 3
ENTRY_SECONDS = 0.75


@dataclass(frozen=True, slots=True)
class EncodeOptions:
    """How to encode. No option changes the decoded samples.

    Attributes
    ----------
    preset : {"fast", "standard", "high", "max", "neural"}
        From fast to small; sets the defaults of the other options.
    predictor : str or None
        Name of the predictor. If None, the model or else the preset determines it.
    predictor_options : mapping of str to object
        Options of the predictor.
    model : str, path or None
        Model of `cnn` or `gru`: a file, or the name of a model that is shipped or in the folder
        ``NLAC_MODELS``. If None, the preset's model, or ``PREDICTOR-rls`` for a given predictor.
    device : {"auto", "cpu", "cuda"}
        Device of the network of `cnn` or `gru`; the bytes do not depend on it. ``"auto"`` is
        the GPU if PyTorch finds one and the network is not recurrent, else the CPU.
    coder : {"auto", "range", "rice"}
        Coder of the residual; ``"auto"`` chooses the smaller result for each block.
    long_term : bool
        Search for LTP lags: repetition far back.
    effort : int
        Effort of the search for cascade parameters, for each block (`cascade`, and `cnn` and
        `gru` behind a cascade): 0 takes the preset's, 1 tries others on a quarter of the block,
        2 on all of it, 3 again and in finer steps. Decoding time stays the same. Other
        predictors take only 0.
    block_seconds : float, "auto" or None
        Length of a block in seconds; ``"auto"`` is that of the profile, of ``"archive"`` if none
        is given; if None, the profile's, or else the preset's.
    profile : {"archive", "dataset", "edit"} or None
        What the file is for, which determines the length of a block: 60 s for the smallest file,
        3 s for crops out of random places, 1 s for cutting and listening in.
    entry_seconds : float
        Seconds from one entry point of a block to the next (`lpc` only): decoding can begin
        there, and damage ends there. They are farther apart where they would cost more than
        0.1 % of the block; 0 makes none.
    origin : {"auto", "off"} or None
        Look for the MP3 or AAC that the samples may have been decoded from, and store what that
        held where it is smaller. If None, the preset's: ``"auto"`` for `high`, `max` and `neural`.
        `fast` does not take ``"auto"``.
    verify : bool
        Decode every block while encoding, and compare the samples.
    threads : int
        Blocks coded at a time; 0 uses all cores. With more than one, the base predictor of a
        network runs ahead of it, on one more thread for each block. The bytes do not depend on
        it.
    memory : int or None
        Upper limit on memory in bytes: fewer threads run if all would need more. If None, half
        of the available memory. The bytes of the stream do not depend on it.
    """

    preset: PresetName = "standard"
    predictor: str | None = None
    predictor_options: Mapping[str, object] = field(default_factory=dict)
    model: str | os.PathLike[str] | None = None
    device: Device = "auto"
    coder: Coder = "auto"
    long_term: bool = True
    effort: int = 0
    block_seconds: float | Literal["auto"] | None = None
    profile: ProfileName | None = None
    entry_seconds: float = ENTRY_SECONDS
    origin: OriginSearch | None = None
    verify: bool = True
    threads: int = 0
    memory: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.preset, str) or self.preset not in PRESETS:
            raise UsageError(f"unknown preset {self.preset!r}; known: {', '.join(PRESETS)}")
        if self.coder not in get_args(Coder):
            raise UsageError(f"unknown coder {self.coder!r}; known: {', '.join(get_args(Coder))}")
        if self.device not in get_args(Device):
            devices = ", ".join(get_args(Device))
            raise UsageError(f"unknown device {self.device!r}; known: {devices}")
        for name in ("predictor", "model"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, (str, os.PathLike)):
                raise UsageError(f"{name} {value!r} is not a name")
        for name in ("long_term", "verify"):
            if not is_truth(getattr(self, name)):
                raise UsageError(f"{name} {getattr(self, name)!r} is neither True nor False")
        if not isinstance(self.predictor_options, Mapping):
            raise UsageError(f"predictor_options {self.predictor_options!r} is not a mapping")
        if not 0 <= whole_number("effort", self.effort) <= MAX_EFFORT:
            raise UsageError(f"effort {self.effort} is not in 0 to {MAX_EFFORT}")
        if self.profile is not None and self.profile not in get_args(ProfileName):
            known = ", ".join(PROFILES)
            raise UsageError(f"unknown profile {self.profile!r}; known: {known}")
        seconds = self.block_seconds
        if seconds is not None and not isinstance(seconds, str):
            if not (is_real(seconds) and 0 < seconds < math.inf):
                raise UsageError(f"block_seconds {seconds!r} is not a positive number")
            if self.profile is not None:
                raise UsageError("block_seconds and profile: only one of them sets the length")
        elif seconds not in (None, "auto"):
            raise UsageError(f"block_seconds {seconds!r} is neither a number nor 'auto'")
        if self.origin not in (None, *get_args(OriginSearch)):
            known = ", ".join(get_args(OriginSearch))
            raise UsageError(f"unknown origin {self.origin!r}; known: {known}")
        if self.origin == "auto" and PRESETS[self.preset].origin is None:
            raise UsageError(f"preset {self.preset} looks for no origin; standard does")
        entry = self.entry_seconds
        if not (is_real(entry) and 0 <= entry < math.inf):
            raise UsageError(f"entry_seconds {entry!r} is not a number of seconds; 0 makes none")
        _ = self.workers

    @property
    def predictor_name(self) -> str:
        """The given predictor, else the preset's; a given model may determine another one."""
        return self.predictor or PRESETS[self.preset].predictor

    @property
    def model_name(self) -> str | os.PathLike[str]:
        """The given model, else the preset's, else ``PREDICTOR-rls`` for a given predictor."""
        if self.predictor is None and self.model is None:
            return PRESETS[self.preset].model
        return self.model or f"{self.predictor_name}-rls"

    @property
    def looks_for_origin(self) -> bool:
        """Whether to look for lossy streams that the samples were decoded from."""
        if self.origin is None:
            return bool(PRESETS[self.preset].origin)
        return self.origin == "auto"

    @property
    def workers(self) -> Workers:
        """Threads and memory to use on this machine."""
        return Workers(self.threads, self.memory)

    @property
    def num_threads(self) -> int:
        """Number of threads to use on this machine."""
        return self.threads or available_cores()

    @property
    def usual_seconds(self) -> float:
        """Length of a block where no number is given: that of the profile, or the preset."""
        if self.profile is not None or self.block_seconds == "auto":
            return PROFILES[self.profile or "archive"]
        return PRESETS[self.preset].block_seconds

    def block_length(self, sample_rate: int, channels: int) -> int:
        """Frames of a block.

        The length of profile or preset gives way where a block would be tiny (very low rates),
        or take much memory (more than 8 channels, or more than 96 kHz), and every length where
        it would exceed what the format allows.
        """
        if self.block_seconds is None or isinstance(self.block_seconds, str):
            seconds = self.usual_seconds
            frames = max(round(seconds * sample_rate), _MIN_PRESET_BLOCK_LENGTH)
            if channels > _USUAL_CHANNELS or sample_rate > _HIGH_RATE:
                most = round(seconds * _USUAL_CHANNELS * _USUAL_RATE) // channels
                frames = min(frames, max(most, _MIN_PRESET_BLOCK_LENGTH))
        else:
            frames = max(1, round(min(self.block_seconds * sample_rate, MAX_BLOCK_SAMPLES)))
        return min(frames, MAX_BLOCK_SAMPLES // channels)

    def entry_frames(self, sample_rate: int) -> int:
        """Frames from one entry point to the next; 0 for none."""
        return round(min(self.entry_seconds * sample_rate, MAX_BLOCK_SAMPLES))
