"""Sound devices, by PortAudio."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from nlac._errors import MissingDependency, PlayerError
from nlac.playback.outputs.base import OutputFormat

# long enough for a system that is busy, short enough for keys to answer at once
_LATENCY_SECONDS = 0.2


class DeviceOutput:
    """A sound device that is played on.

    Parameters
    ----------
    form : OutputFormat
        What will be written.
    device : str or None
        Number or a part of the name of a device; None: the system's default.

    Raises
    ------
    PlayerError
        There is no such device, or it does not play such samples.
    """

    def __init__(self, form: OutputFormat, device: str | None = None) -> None:
        sounddevice = portaudio()
        self._form = form
        self._written = 0
        self._failures = sounddevice.PortAudioError, ValueError
        try:
            self._stream = sounddevice.RawOutputStream(
                samplerate=form.sample_rate,
                channels=form.channels,
                dtype=form.dtype,
                device=int(device) if device and device.isdecimal() else device,
                latency=_LATENCY_SECONDS,
            )
            self._stream.start()
        except self._failures as error:
            raise PlayerError(f"the sound device: {error}") from error

    def write(self, data: bytes) -> None:
        """Play bytes; see `Output.write`."""
        try:
            self._stream.write(data)
        except self._failures as error:
            raise PlayerError(f"the sound device: {error}") from error
        self._written += len(data) // self._form.frame_bytes

    def heard(self) -> int:
        """Frames that have been heard, about."""
        return max(0, self._written - int(self._stream.latency * self._form.sample_rate))

    def end(self) -> None:
        """Nothing more comes."""

    def has_ended(self) -> bool:
        """Play to the end, which is no further than the latency, and close."""
        self._stream.stop()
        self._stream.close()
        return True

    def stop(self) -> None:
        """Be silent at once, and close."""
        self._stream.abort()
        self._stream.close()


def portaudio() -> ModuleType:
    """The package that calls PortAudio.

    Raises
    ------
    MissingDependency
        It is not installed, or PortAudio is not.
    """
    try:
        import sounddevice
    except ImportError as error:
        raise MissingDependency(
            "sounddevice is not installed: pip install 'nlac[play]'"
        ) from error
    except OSError as error:
        raise MissingDependency(f"sounddevice: {error} (Debian: libportaudio2)") from error
    return sounddevice  # type: ignore[no-any-return]


def devices() -> list[dict[str, Any]]:
    """Devices that play: number, name, channels, sample rate, and whether one is the default.

    Raises
    ------
    MissingDependency
        sounddevice or PortAudio is not installed.
    """
    sounddevice = portaudio()
    default = sounddevice.default.device[1]
    return [
        {
            "number": number,
            "name": str(each["name"]),
            "channels": int(each["max_output_channels"]),
            "sample_rate": float(each["default_samplerate"]),
            "default": number == default,
        }
        for number, each in enumerate(sounddevice.query_devices())
        if each["max_output_channels"] > 0
    ]
