"""``nlac play``, with programs that only note what they get."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cli_tools import damage
from interruptible import AS_FROM_A_TERMINAL
from schema_tools import check_output

import nlac

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="fake programs are shell scripts")
RATE = 8000


@pytest.fixture
def player(tmp_path, monkeypatch):
    """Make a fake `aplay`; returns what it is given so far."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def make(script: str = 'cat >> "$0.data"') -> Path:
        path = folder / "aplay"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path.with_suffix(".data")

    return make


@pytest.fixture
def songs(tmp_path):
    samples = np.random.default_rng(3).integers(-9000, 9000, (2, 2000, 2)).astype(np.int16)
    for name, part in zip("ab", samples, strict=True):
        tags = {"REPLAYGAIN_TRACK_GAIN": "-3 dB"} if name == "b" else None
        nlac.write(tmp_path / f"{name}.nlac", part, RATE, preset="fast", tags=tags)
    return samples


def test_files_are_played_without_a_gap(call, player, songs):
    data = player()
    done = call("play", "--player", "aplay", "--gain", "off", "a.nlac", "b.nlac")
    assert done.exit_code == 0
    assert data.read_bytes() == songs.tobytes()
    assert done.stdout.splitlines() == ["a.nlac: 0:00 (aplay)", "b.nlac: 0:00 (aplay)"]


def test_gain_and_json(call, player, songs):
    data = player()
    done = call("play", "--json", "--player", "aplay", "a.nlac", "b.nlac")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["file"], line["gain_db"]) for line in lines] == [("a.nlac", None), ("b.nlac", -3)]
    heard = np.frombuffer(data.read_bytes(), np.int16).reshape(2, 2000, 2)
    np.testing.assert_array_equal(heard[0], songs[0])
    np.testing.assert_allclose(heard[1], songs[1] * 10 ** (-3 / 20), atol=0.51)


def test_a_part(call, player, songs):
    data = player()
    arguments = ("--player", "aplay", "--gain", "off", "--start", "0.1", "--until", "+300f")
    assert call("play", *arguments, "a.nlac").exit_code == 0
    assert data.read_bytes() == songs[0, 800:1100].tobytes()
    data.unlink()
    arguments = ("--player", "aplay", "--gain", "off", "--start", "-100f", "--until", "50f")
    assert call("play", *arguments, "a.nlac", "b.nlac").exit_code == 0
    assert data.read_bytes() == songs[0, -100:].tobytes() + songs[1, :50].tobytes()


def test_other_formats(call, player, songs, wav):
    data = player()
    assert call("play", "--player", "aplay", wav).exit_code == 0
    assert data.read_bytes() == wav.read_bytes()[44:-12]


def test_one_bad_file_does_not_keep_the_others_back(call, player, songs, tmp_path):
    data = player()
    (tmp_path / "no.nlac").write_bytes(b"nothing")
    done = call("play", "--player", "aplay", "--gain", "off", "no.nlac", "a.nlac", "lost.nlac")
    assert done.exit_code == 1
    assert "no.nlac" in done.stderr
    assert "lost.nlac" in done.stderr
    assert data.read_bytes() == songs[0].tobytes()


def test_damage_is_told(call, player, songs, tmp_path):
    player()
    damage(tmp_path / "a.nlac")
    done = call("play", "--player", "aplay", "a.nlac")
    assert done.exit_code == 3
    assert "block 0" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no file to play"),
        (["-"], "standard input"),
        (["--start", "0.2", "--until", "0.1", "a.nlac"], "before --start"),
        (["--start", "9:00", "a.nlac"], "behind the end"),
        (["--player", "aplay", "--device", "x", "a.nlac"], "for the player 'device' only"),
    ],
)
def test_wrong_use(call, player, songs, arguments, message):
    player()
    done = call("play", *(["--player", "aplay"] if "--player" not in arguments else []), *arguments)
    assert done.exit_code == 2
    assert message in done.stderr


def test_a_player_that_fails(call, player, songs):
    player("cat > /dev/null; exit 4")
    done = call("play", "--player", "aplay", "a.nlac")
    assert done.exit_code == 1
    assert "aplay failed (status 4)" in done.stderr


def _start(environment, tmp_path, *arguments, **extra):
    command = [sys.executable, "-m", "nlac", "play", "--player", "aplay", *arguments]
    return subprocess.Popen(
        command, env=environment | {"PATH": os.environ["PATH"]}, cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **AS_FROM_A_TERMINAL, **extra,
    )  # fmt: skip


def test_ctrl_c_stops_at_once(player, songs, environment, tmp_path):
    pid = tmp_path / "pid"
    player(f"echo $$ > {pid}; exec sleep 60")
    process = _start(environment, tmp_path, "a.nlac")
    end = time.monotonic() + 60
    while not (pid.exists() and pid.read_text().strip()) and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.2)
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    _output, errors = process.communicate(timeout=30)
    assert time.monotonic() - begin < 5
    assert process.returncode == 130
    assert errors.strip() == "nlac: interrupted"
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def _takes_single_keys(terminal):
    import termios

    return not termios.tcgetattr(terminal)[3] & termios.ICANON


def test_keys_of_a_terminal(player, songs, environment, tmp_path):
    """n skips the rest of a file, q ends."""
    pty = pytest.importorskip("pty", reason="no terminals here")
    count = tmp_path / "count"
    player(f"echo x >> {count}; exec sleep 60")
    keyboard, terminal = pty.openpty()
    try:
        process = _start(environment, tmp_path, "--json", "a.nlac", "b.nlac", stdin=terminal)

        def starts():
            return len(count.read_text()) // 2 if count.exists() else 0

        def until(holds):
            end = time.monotonic() + 60
            while not holds():
                assert time.monotonic() < end
                time.sleep(0.02)

        until(lambda: starts() >= 1)
        # a key that comes before the terminal gives keys one by one is not seen
        until(lambda: _takes_single_keys(terminal))
        os.write(keyboard, b"n")
        until(lambda: starts() >= 2)
        os.write(keyboard, b"q")
        output, errors = process.communicate(timeout=30)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
        os.close(keyboard)
        os.close(terminal)
    assert (process.returncode, errors) == (0, "")
    check_output(["play", "--json"], output)
    assert json.loads(output.splitlines()[0])["file"] == "a.nlac"
    assert len(count.read_text()) >= 4


def test_keys_are_told_apart():
    from nlac.cli.playing.keys import parse
    from nlac.playback.player import Command

    typed = b" x\x1b[C\x1b[Dnq\x1b[Ap"
    assert list(parse(typed)) == [
        *(Command.PAUSE, Command.FORWARD, Command.BACK, Command.NEXT, Command.QUIT),
        *(Command.PREVIOUS, Command.PREVIOUS),
    ]


def test_devices(call, monkeypatch):
    from nlac.playback.outputs import device

    found = {"number": 1, "name": "box", "channels": 2, "sample_rate": 48000.0, "default": True}
    monkeypatch.setattr(device, "devices", lambda: [found])
    assert call("play", "--list").stdout == "1: box (2 channels, 48000 Hz, the default)\n"
    assert json.loads(call("play", "--list", "--json").stdout) == found
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    done = call("play", "--list")
    assert done.exit_code == 4
    assert "nlac[play]" in done.stderr
