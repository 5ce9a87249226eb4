"""Pipes with sox and ffmpeg, both ways; complaint 7: what ffmpeg pipes has sizes of 0xFFFFFFFF."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cli_tools import wav_bytes

import nlac

# programs that write a WAV file into a pipe, and that make raw samples of one from a pipe
WRITERS = {
    "sox": "sox {wav} -t wav -",
    "sox, raw": "sox {wav} -t s16 -",
    "ffmpeg": "ffmpeg -v error -nostdin -i {wav} -f wav -",
    "ffmpeg, w64": "ffmpeg -v error -nostdin -i {wav} -f w64 -",
    "ffmpeg, raw": "ffmpeg -v error -nostdin -i {wav} -f s16le -",
}
READERS = {
    "sox": "sox -t wav - -t s16 -",
    "ffmpeg": "ffmpeg -v error -f wav -i pipe:0 -f s16le -",
    "ffmpeg, w64": "ffmpeg -v error -f w64 -i pipe:0 -f s16le -",
    "ffmpeg, aiff": "ffmpeg -v error -f aiff -i pipe:0 -f s16le -",
}


@pytest.fixture
def samples(tmp_path: Path) -> np.ndarray:
    """Samples of ``in.wav``, of which ``in.nlac`` is made."""
    (tmp_path / "in.wav").write_bytes(wav_bytes())
    nlac.encode(tmp_path / "in.wav", tmp_path / "in.nlac", preset="fast")
    return nlac.read(tmp_path / "in.nlac")[0]


def words(text: str) -> list[str]:
    """Words of a command whose program is there; skips without it."""
    found = text.split()
    if shutil.which(found[0]) is None:
        pytest.skip(f"{found[0]} is not installed")
    return found


@pytest.mark.parametrize("program", WRITERS)
def test_what_programs_pipe_is_encoded(program, samples, tmp_path):
    """Complaint 7 of FLAC: no flag is needed, and the header comes back as it was."""
    command = words(WRITERS[program].format(wav=tmp_path / "in.wav"))
    raw = "8000,s16le,2" if program.endswith("raw") else None
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        nlac.encode(writer.stdout, tmp_path / "piped.nlac", preset="fast", raw=raw)
        assert writer.wait() == 0
    assert np.array_equal(nlac.read(tmp_path / "piped.nlac")[0], samples)
    nlac.decode(tmp_path / "piped.nlac", tmp_path / "back")
    piped = subprocess.run(command, capture_output=True, check=True).stdout
    assert (tmp_path / "back").read_bytes() == piped


@pytest.mark.parametrize("program", READERS)
def test_programs_take_what_is_decoded(program, samples, tmp_path):
    command = words(READERS[program])
    container = program.partition(", ")[2] or "wav"
    out = tmp_path / "out.raw"
    with (
        out.open("wb") as raw,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=raw, stderr=subprocess.PIPE
        ) as reader,
    ):
        nlac.decode(tmp_path / "in.nlac", reader.stdin, container=container)
        _, told = reader.communicate()
    assert (reader.returncode, told) == (0, b"")
    assert np.array_equal(np.fromfile(out, "<i2").reshape(-1, 2), samples)


def test_a_whole_pipeline(samples, tmp_path, environment):
    words("sox")
    python = f"'{sys.executable}' -m nlac"
    pipeline = (
        f"sox in.wav -t wav - | {python} encode -q --preset fast - - | "
        f"{python} decode -q - - | sox -t wav - -t s16 out.raw"
    )
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", pipeline], cwd=tmp_path, env=environment,
        capture_output=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert np.array_equal(np.fromfile(tmp_path / "out.raw", "<i2").reshape(-1, 2), samples)
