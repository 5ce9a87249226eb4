"""Which output plays: a sound device, or the first program that is installed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial

from nlac._errors import MissingDependency, UsageError
from nlac.playback.outputs import device, program
from nlac.playback.outputs.base import Output, OutputFormat

# as they are tried
PLAYERS = ("device", *program.PROGRAMS)


def choose_output(
    name: str | None, device_name: str | None = None
) -> tuple[str, Callable[[OutputFormat], Output]]:
    """Choose what plays.

    Parameters
    ----------
    name : str or None
        One of `PLAYERS`; None takes the first that is there.
    device_name : str or None
        Sound device, for ``"device"``.

    Returns
    -------
    name : str
        What was chosen.
    open_output : callable
        Opens it for samples of a format.

    Raises
    ------
    MissingDependency
        It is not installed, or nothing is.
    """
    if name is None and device_name is None:
        try:
            found = "device" if device.devices() else program.installed()
        except MissingDependency:
            found = program.installed()
        if found is None:
            raise MissingDependency(
                "nothing here plays sound: pip install 'nlac[play]', or install one of "
                f"{', '.join(program.PROGRAMS)}"
            )
        name = found
    if (name or "device") == "device":
        device.portaudio()
        return "device", partial(device.DeviceOutput, device=device_name)
    assert name is not None
    if device_name is not None:
        raise UsageError("a sound device is chosen for the player 'device' only")
    if shutil.which(name) is None:
        raise MissingDependency(f"{name} is not installed")
    return name, partial(program.ProgramOutput, name=name)
