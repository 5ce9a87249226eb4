"""Streams that are still being written are decoded block by block, to their trailer."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from access_tools import case
from cli_tools import wav_bytes
from interruptible import AS_FROM_A_TERMINAL, NEEDS_SIGINT

import nlac
from nlac._errors import TruncatedStream, UsageError
from nlac.bitstream.parser import CodedBlock
from nlac.bitstream.reader import read_elements

STREAM, SAMPLES = case("stereo")
BLOCKS = [each for each in read_elements(io.BytesIO(STREAM)) if isinstance(each, CodedBlock)]
# parts of the stream, each but the last with one more block
ENDS = [block.offset + block.header.num_bytes for block in BLOCKS] + [len(STREAM)]


class Waiting(io.RawIOBase):
    """Output that has the input grow by a block for each block that arrives."""

    def __init__(self, grow) -> None:
        self.data = b""
        self.steps = 0
        self._grow = grow

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self.data += bytes(data)
        while len(self.data) >= 4 * 512 * (self.steps + 1) or len(self.data) == SAMPLES.nbytes:
            self.steps += 1
            if self.steps >= len(ENDS):
                break
            self._grow(STREAM[ENDS[self.steps - 1] : ENDS[self.steps]])
        return len(data)


@pytest.mark.parametrize("threads", [1, 3])
def test_each_block_is_given_out_before_the_next_is_there(tmp_path, threads):
    path = tmp_path / "growing.nlac"
    path.write_bytes(STREAM[: ENDS[0]])

    def grow(data: bytes) -> None:
        with path.open("ab") as file:
            file.write(data)

    out = Waiting(grow)
    result = nlac.follow(path, out, container="raw", timeout=30, threads=threads)
    assert out.data == SAMPLES.tobytes()
    assert out.steps >= len(BLOCKS)
    assert result.frames == len(SAMPLES)
    assert result.md5 == nlac.info(STREAM).md5


def test_a_pipe_is_followed_too():
    read_end, write_end = os.pipe()
    os.write(write_end, STREAM[: ENDS[0]])
    out = Waiting(lambda data: os.write(write_end, data))
    with os.fdopen(read_end, "rb") as pipe:
        nlac.follow(pipe, out, container="raw", timeout=30, threads=1)
    os.close(write_end)
    assert out.data == SAMPLES.tobytes()


def test_any_piece_may_come_late(tmp_path):
    path = tmp_path / "growing.nlac"
    path.touch()

    def write() -> None:
        with path.open("ab", buffering=0) as file:
            for begin in range(0, len(STREAM), 301):
                file.write(STREAM[begin : begin + 301])
                time.sleep(0.001)

    writer = threading.Thread(target=write)
    writer.start()
    out = io.BytesIO()
    nlac.follow(path, out, container="raw", timeout=30, threads=2)
    writer.join()
    assert out.getvalue() == SAMPLES.tobytes()


@pytest.mark.parametrize("length", [0, 20, ENDS[0], ENDS[1] - 5, len(STREAM) - 1])
def test_a_writer_that_stops(tmp_path, length):
    path, out = tmp_path / "growing.nlac", tmp_path / "out.wav"
    path.write_bytes(STREAM[:length])
    with pytest.raises(TruncatedStream, match="not grown") as raised:
        nlac.follow(path, out, timeout=0.02, threads=1)
    assert raised.value.offset_bytes == length
    read_end, write_end = os.pipe()
    os.write(write_end, STREAM[:length])
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe, pytest.raises(TruncatedStream, match="closed"):
        nlac.follow(pipe, out, threads=1)
    assert [each.name for each in tmp_path.iterdir()] == ["growing.nlac"]


def test_damage_is_told_at_once(tmp_path):
    path = tmp_path / "growing.nlac"
    for bad in (STREAM + b"x", STREAM[:100] + b"\xff" + STREAM[101:]):
        path.write_bytes(bad)
        with pytest.raises(nlac.CorruptStream):
            nlac.follow(path, None, threads=1)
    shortened = Waiting(lambda data: path.write_bytes(STREAM[:50]))
    path.write_bytes(STREAM[: ENDS[0]])
    with pytest.raises(TruncatedStream, match="shorter"):
        nlac.follow(path, shortened, container="raw", threads=1)


def test_wrong_use(tmp_path, capsys):
    from nlac.cli.main import cli

    path = tmp_path / "a.nlac"
    path.write_bytes(STREAM)
    for bad in (0, -1, "5", float("nan")):
        with pytest.raises(UsageError, match="timeout"):
            nlac.follow(path, None, timeout=bad)
    with pytest.raises(UsageError, match="complete"):
        nlac.follow(STREAM, None)
    for options in (["--follow", "--skip=1"], ["--timeout=1"], ["--follow", "--recover"]):
        with pytest.raises(SystemExit) as ended:
            cli(["decode", *options, str(path), "-"])
        assert ended.value.code == 2


@pytest.fixture
def nlac_process(tmp_path):
    """Start the command line in `tmp_path`, pipes on all sides."""
    paths = [str(Path(nlac.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    started = []

    def start(*arguments: str, **streams) -> subprocess.Popen:
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, **streams}
        process = subprocess.Popen(
            [sys.executable, "-m", "nlac", *arguments], cwd=tmp_path, env=environment,
            stderr=subprocess.PIPE, **streams, **AS_FROM_A_TERMINAL,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


@pytest.mark.skipif(os.name != "posix", reason="select takes pipes on POSIX only")
def test_a_recording_is_heard_while_it_is_made(nlac_process, tmp_path):
    """The example of docs/cli.md: encode a pipe into a redirection, and follow that."""
    wav = wav_bytes(40_000)
    with (tmp_path / "live.nlac").open("wb") as live:
        recorder = nlac_process(
            "encode", "-", "-", "-q", "-j1", "--preset=fast", "--block-seconds=1", stdout=live
        )
    recorder.stdin.write(wav[:120_000])
    recorder.stdin.flush()
    listener = nlac_process("decode", "--follow", "live.nlac", "-", "-q", "--timeout=60")
    # 120,000 bytes hold three blocks of a second, of which the last is still being awaited
    heard = listener.stdout.read(44 + 32_000)
    assert heard == wav[: 44 + 32_000]
    recorder.stdin.write(wav[120_000:])
    recorder.stdin.close()
    assert heard + listener.stdout.read() == wav
    assert recorder.wait(60) == listener.wait(60) == 0


@NEEDS_SIGINT
def test_ctrl_c_ends_it_without_a_file(nlac_process, tmp_path):
    (tmp_path / "live.nlac").write_bytes(STREAM[: ENDS[2]])
    listener = nlac_process("decode", "--follow", "live.nlac", "out.wav")
    end = time.monotonic() + 60
    while not any("out.wav" in each.name for each in tmp_path.iterdir()):
        assert time.monotonic() < end
        time.sleep(0.01)
    listener.send_signal(signal.SIGINT)
    _, said = listener.communicate(timeout=60)
    assert listener.returncode == 130
    assert said.strip() == b"nlac: interrupted"
    assert [each.name for each in tmp_path.iterdir()] == ["live.nlac"]


def test_what_was_followed_is_the_file_that_was(tmp_path):
    wav = wav_bytes(3000)
    nlac.encode(io.BytesIO(wav), tmp_path / "a.nlac", preset="fast", block_seconds=0.1)
    result = nlac.follow(tmp_path / "a.nlac", tmp_path / "b.wav")
    assert result.restored
    assert (tmp_path / "b.wav").read_bytes() == wav
