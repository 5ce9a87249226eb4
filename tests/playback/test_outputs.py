"""Outputs: a sound device, mocked at its package, and programs, which are faked."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest

import nlac
from nlac._errors import PlayerError
from nlac.playback.choice import choose_output
from nlac.playback.outputs.base import OutputFormat
from nlac.playback.outputs.device import DeviceOutput, devices
from nlac.playback.outputs.program import PROGRAMS, ProgramOutput, installed

FORM = OutputFormat(8000, 2, "int16")
posix = pytest.mark.skipif(sys.platform == "win32", reason="fake programs are shell scripts")


class PortAudioError(Exception):
    pass


class Stream:
    """The calls that `DeviceOutput` makes, and what was written."""

    latency = 0.25

    def __init__(self, **options):
        if options["channels"] > 2:
            raise PortAudioError("Invalid number of channels")
        self.options = options
        self.calls: list[str] = []
        self.data = b""
        Stream.last = self

    def write(self, data):
        self.data += data

    def __getattr__(self, name):
        return lambda: self.calls.append(name)


@pytest.fixture
def sounddevice(monkeypatch):
    module = types.SimpleNamespace(
        RawOutputStream=Stream,
        PortAudioError=PortAudioError,
        default=types.SimpleNamespace(device=(0, 2)),
        query_devices=lambda: [
            {"name": "microphone", "max_output_channels": 0, "default_samplerate": 48000.0},
            {"name": "headphones", "max_output_channels": 2, "default_samplerate": 48000.0},
            {"name": "loudspeakers", "max_output_channels": 8, "default_samplerate": 44100.0},
        ],
    )
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    return module


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Put a program into PATH, which has no other; returns the file where it notes what it got."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def make(name: str, script: str = 'cat > "$0.data"; echo "$@" > "$0.arguments"'):
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return make


def ended(output):
    output.end()
    while not output.has_ended():
        pass


def test_a_device_gets_the_samples(sounddevice):
    output = DeviceOutput(FORM, "2")
    output.write(bytes(4000 * 4))
    output.write(bytes(1000 * 4))
    stream = Stream.last
    assert stream.options == {
        "samplerate": 8000, "channels": 2, "dtype": "int16", "device": 2, "latency": 0.2,
    }  # fmt: skip
    assert len(stream.data) == 20_000
    # what lies in its buffers has not been heard
    assert output.heard() == 3000
    ended(output)
    assert stream.calls == ["start", "stop", "close"]


def test_a_device_is_silent_at_once(sounddevice):
    output = DeviceOutput(FORM, "phones")
    assert Stream.last.options["device"] == "phones"
    assert output.heard() == 0
    output.stop()
    assert Stream.last.calls == ["start", "abort", "close"]


def test_failures_of_a_device_are_told(sounddevice, monkeypatch):
    with pytest.raises(PlayerError, match="Invalid number of channels"):
        DeviceOutput(OutputFormat(8000, 6, "int16"))
    output = DeviceOutput(FORM)

    def fail(self, data):
        raise PortAudioError("unplugged")

    monkeypatch.setattr(Stream, "write", fail)
    with pytest.raises(PlayerError, match="unplugged"):
        output.write(b"1234")


def test_devices_that_play_are_listed(sounddevice):
    assert [(each["number"], each["name"], each["default"]) for each in devices()] == [
        (1, "headphones", False),
        (2, "loudspeakers", True),
    ]


def test_the_device_comes_first(sounddevice, program):
    program("aplay")
    assert choose_output(None)[0] == "device"
    assert choose_output("aplay")[0] == "aplay"
    with pytest.raises(nlac.UsageError):
        choose_output("aplay", "headphones")
    sounddevice.query_devices = list
    assert choose_output(None)[0] in PROGRAMS


@posix
def test_programs_are_looked_for_in_their_order(monkeypatch, program, tmp_path):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(nlac.MissingDependency, match=r"ffplay, mpv, aplay, pw-play, play"):
        choose_output(None)
    for name in reversed(PROGRAMS):
        program(name)
        assert installed() == name
        assert choose_output(None)[0] == name
    with pytest.raises(nlac.MissingDependency, match="sounddevice"):
        choose_output("device")


@posix
@pytest.mark.parametrize(
    ("name", "dtype", "told"),
    [
        ("aplay", "int16", "-q -t raw -f S16_LE -r 8000 -c 2 -"),
        ("aplay", "float32", "-q -t raw -f FLOAT_LE -r 8000 -c 2 -"),
        ("play", "int32", "-q -t raw -r 8000 -c 2 -b 32 -e signed-integer -L -"),
        ("play", "float32", "-q -t raw -r 8000 -c 2 -b 32 -e floating-point -L -"),
    ],
)
def test_a_program_gets_raw_samples(program, name, dtype, told):
    path = program(name)
    output = ProgramOutput(OutputFormat(8000, 2, dtype), name)
    data = np.arange(400, dtype=dtype).tobytes()
    output.write(data[:800])
    output.write(data[800:])
    ended(output)
    assert path.with_suffix(".data").read_bytes() == data
    assert path.with_suffix(".arguments").read_text().strip() == told


@posix
@pytest.mark.parametrize("name", ["ffplay", "mpv", "pw-play"])
def test_a_program_gets_a_header(program, name):
    path = program(name)
    output = ProgramOutput(OutputFormat(8000, 2, "int32"), name)
    output.write(bytes(range(80)))
    ended(output)
    data = path.with_suffix(".data").read_bytes()
    assert (data[:4], data[8:16]) == (b"RIFF", b"WAVEfmt ")
    assert data.endswith(b"data\xff\xff\xff\xff" + bytes(range(80)))


@posix
def test_what_is_heard_follows_the_clock(program, monkeypatch):
    program("aplay")
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    output = ProgramOutput(FORM, "aplay")
    output.write(bytes(4 * 8000))
    now[0] = 100.5
    assert output.heard() == 4000
    now[0] = 109.0
    assert output.heard() == 8000
    output.stop()


@posix
def test_a_program_is_killed(program):
    program("aplay", "exec sleep 60")
    output = ProgramOutput(FORM, "aplay")
    output.stop()
    assert output._process.returncode == -9


@posix
def test_a_program_that_fails_is_told(program):
    program("aplay", "exit 3")
    output = ProgramOutput(FORM, "aplay")
    with pytest.raises(PlayerError, match=r"aplay ended before .*status"):
        # more than a pipe holds
        output.write(bytes(1 << 22))
    program("play", "cat > /dev/null; exit 3")
    output = ProgramOutput(FORM, "play")
    with pytest.raises(PlayerError, match=r"play failed \(status 3\)"):
        ended(output)
