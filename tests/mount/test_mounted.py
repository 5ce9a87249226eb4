"""Archives that are mounted for real, and read by other programs."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mounting_tools import ENVIRONMENT, finish, mounted, start, unmount, wait_until, why_not
from original_files import NAMES, original

import nlac

# reads places of two files in turn, and compares them with the originals
_READER = """
import os, random, sys
seed, *files = sys.argv[1:]
pairs = [(os.open(a, os.O_RDONLY), open(b, "rb").read()) for a, b in zip(files[::2], files[1::2])]
choose = random.Random(int(seed))
for _ in range(150):
    descriptor, data = choose.choice(pairs)
    at, count = choose.randrange(len(data) + 100), choose.choice((1, 100, 4096, 70000))
    assert os.pread(descriptor, count, at) == data[at : at + count], (at, count)
"""


@pytest.fixture(scope="session", autouse=True)
def _possible(tmp_path_factory):
    if reason := why_not(tmp_path_factory.mktemp("probe")):
        pytest.skip(reason)


@pytest.fixture
def place(tmp_path):
    (tmp_path / "mounted").mkdir()
    return tmp_path / "mounted"


@pytest.fixture
def program():
    def needed(name: str) -> str:
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed")
        return name

    return needed


def test_a_tree_is_that_of_the_originals(tmp_path, place):
    """Every container and depth: `diff` finds no difference, and other files are there, too."""
    before, packed = tmp_path / "before", tmp_path / "packed"
    for folder in (before / "sub", packed / "sub"):
        folder.mkdir(parents=True)
    for number, name in enumerate(NAMES):
        data, stream = original(name)
        suffix = Path(name).suffix
        (before / "sub" / f"{number}{suffix}").write_bytes(data)
        (packed / "sub" / f"{number}.nlac").write_bytes(stream)
    for folder in (before, packed):
        (folder / "cover.png").write_bytes(bytes(100_000))
    with mounted(packed, place):
        assert subprocess.run(["diff", "-r", before, place], check=False).returncode == 0
        # cmp reads sizes first
        for number, name in enumerate(NAMES):
            path = f"sub/{number}{Path(name).suffix}"
            subprocess.run(["cmp", before / path, place / path], check=True)


def test_several_processes_read_at_random(archive, tmp_path, place):
    for name in ("slices.wav", "24.aiff"):
        (tmp_path / name).write_bytes(original(name)[0])
    files = [place / "album/three.wav", tmp_path / "slices.wav", place / "two.aiff"]
    with mounted(archive, place, "--cache", "1M", "--open-files", "1"):
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", _READER, str(seed), *files, tmp_path / "24.aiff"]
            )
            for seed in range(4)
        ]
        assert [process.wait(60) for process in processes] == [0] * 4


def test_threads_read_one_open_file(archive, place):
    data, _stream = original("slices.wav")
    places = [(at * 7919) % len(data) for at in range(200)]
    with mounted(archive, place), open(place / "album/three.wav", "rb") as file:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda at: os.pread(file.fileno(), 999, at), places))
        assert found == [data[at : at + 999] for at in places]


@pytest.mark.parametrize(
    "command",
    [
        ["sox", "album/three.wav", "-t", "wav", "-"],
        ["ffmpeg", "-v", "error", "-i", "album/three.wav", "-f", "wav", "-"],
        # from the middle on, where it must seek
        ["ffmpeg", "-v", "error", "-ss", "1", "-i", "album/three.wav", "-f", "s16le", "-"],
    ],
    ids=["sox", "ffmpeg", "ffmpeg -ss"],
)
def test_programs_read_from_it(archive, place, program, command, tmp_path):
    program(command[0])
    (tmp_path / "plain" / "album").mkdir(parents=True)
    (tmp_path / "plain" / "album" / "three.wav").write_bytes(original("slices.wav")[0])
    with mounted(archive, place):
        outputs = [
            subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout
            for folder in (place, tmp_path / "plain")
        ]
    assert outputs[0] == outputs[1]
    assert len(outputs[0]) > 100_000


def test_ffprobe_sees_the_length(archive, place, program):
    program("ffprobe")
    command = ["ffprobe", "-v", "error", "-show_entries", "format=duration,size", "-of", "json"]
    with mounted(archive, place):
        output = subprocess.check_output([*command, place / "album/three.wav"])
    found = json.loads(output)["format"]
    assert float(found["duration"]) == pytest.approx(90_000 / 44_100, abs=1e-3)
    assert int(found["size"]) == len(original("slices.wav")[0])


def test_damage_is_an_error_where_it_is(archive, place):
    whole, stream = original("slices.wav")
    bad = bytearray(stream)
    bad[len(bad) // 2] ^= 1
    (archive / "album" / "three.nlac").write_bytes(bad)
    lost, errors = 0, set()
    with mounted(archive, place) as told, open(place / "album/three.wav", "rb") as file:
        for at in range(0, len(whole), 4096):
            try:
                assert os.pread(file.fileno(), 4096, at) == whole[at : at + 4096]
            except OSError as error:
                errors.add(error.errno)
                lost += 4096
        assert errors == {errno.EIO}
        assert (place / "one.wav").read_bytes() == original("16.wav")[0]
    assert 0 < lost < len(whole) // 2
    assert told[0].count("three.nlac") == 1
    assert "block 0" in told[0]


def test_it_is_read_only_and_keeps_times(archive, place):
    os.utime(archive / "one.nlac", (10**9, 10**9))
    with mounted(archive, place):
        assert (place / "one.wav").stat().st_mtime == 10**9
        for change in (
            lambda: (place / "new").touch(),
            lambda: (place / "one.wav").unlink(),
            lambda: (place / "one.wav").open("r+b"),
        ):
            with pytest.raises(OSError, match="Read-only"):
                change()


@pytest.mark.parametrize("how", ["unmount", "SIGINT", "SIGTERM", "SIGHUP"])
def test_it_ends_cleanly(archive, place, how):
    process = start(archive, place)
    data = (place / "one.wav").read_bytes()
    if how == "unmount":
        unmount(place)
    else:
        process.send_signal(getattr(signal, how))
    facts, errors = finish(process)
    assert (facts["bytes"], facts["damaged"], errors) == (len(data), 0, "")
    assert not os.path.ismount(place)
    assert list(place.iterdir()) == []


def test_it_ends_while_files_are_open(archive, place):
    process = start(archive, place)
    descriptor = os.open(place / "one.wav", os.O_RDONLY)
    assert os.read(descriptor, 4) == b"RIFF"
    process.send_signal(signal.SIGINT)
    finish(process)
    assert not os.path.ismount(place)
    with pytest.raises(OSError, match="not connected"):
        os.close(descriptor)


def test_in_the_background(archive, place, tmp_path):
    bad = bytearray((archive / "one.nlac").read_bytes())
    bad[len(bad) // 2] ^= 1
    (archive / "one.nlac").write_bytes(bad)
    log = tmp_path / "damage.log"
    command = ["-m", "nlac", "mount", "--background", "--log", log, archive, place]
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, env=ENVIRONMENT, check=True
    )
    try:
        assert "unmounts it" in done.stderr
        assert (place / "two.aiff").read_bytes() == original("24.aiff")[0]
        with pytest.raises(OSError, match="Input/output error"):
            (place / "one.wav").read_bytes()
    finally:
        unmount(place)
    wait_until(lambda: not os.path.ismount(place))
    assert "one.nlac" in log.read_text()


def test_a_stream_that_is_made_meanwhile_appears(archive, place):
    with mounted(archive, place):
        nlac.decode(archive / "one.nlac", archive / "again.aiff", container="aiff")
        nlac.encode(archive / "again.aiff", archive / "again.nlac", preset="fast")
        assert (place / "again.aiff").read_bytes() == (archive / "again.aiff").read_bytes()
        os.remove(archive / "again.aiff")
        wait_until(lambda: "again.nlac.aiff" not in os.listdir(place))
        assert "again.aiff" in os.listdir(place)
