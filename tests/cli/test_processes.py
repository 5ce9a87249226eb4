"""The command line as the shell sees it: processes, pipes, signals."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_tools import ROOT, wav_bytes

import nlac

Process = Callable[..., subprocess.CompletedProcess[bytes]]


def test_pipes_give_identical_bytes(tmp_path: Path, wav: Path, environment: dict[str, str]) -> None:
    nlac = f"'{sys.executable}' -m nlac"
    line = f"cat in.wav | {nlac} encode - - | tee out.nlac | {nlac} decode - - | cmp - in.wav"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (0, b"")
    # the last lines of both, and nothing else: no progress where there is no terminal
    assert sorted(text.split(b":")[0] for text in done.stderr.splitlines()) == [
        b"stdin -> stdout",
        b"stdin -> stdout",
    ]


def test_a_file_and_a_pipe_give_the_same_stream(
    process: Process, tmp_path: Path, wav: Path
) -> None:
    done = process("encode", "-q", wav, "a.nlac")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    with open(wav, "rb") as file:
        done = process("encode", "-q", "-", "-", stdin=file)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == (tmp_path / "a.nlac").read_bytes()


@pytest.mark.parametrize("preset", ["fast", "high"])
def test_threads_change_nothing(process: Process, tmp_path: Path, wav: Path, preset: str) -> None:
    for threads in (1, 8):
        done = process(
            "encode", "-q", "--preset", preset, "--block-seconds", "0.05", "-j", threads, wav,
            f"{threads}.nlac",
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, b"")
        done = process("decode", "-q", "-j", threads, f"{threads}.nlac", f"{threads}.wav")
        assert (done.returncode, done.stderr) == (0, b"")
        assert (tmp_path / f"{threads}.wav").read_bytes() == wav.read_bytes()
    assert (tmp_path / "1.nlac").read_bytes() == (tmp_path / "8.nlac").read_bytes()
    assert nlac.info(tmp_path / "1.nlac").num_blocks == 8


def test_named_pipes(
    process: Process, tmp_path: Path, wav: Path, environment: dict[str, str]
) -> None:
    nlac = f"'{sys.executable}' -m nlac"
    line = (
        f"{nlac} encode -q <(cat in.wav) a.nlac && {nlac} decode -q <(cat a.nlac) b.wav && "
        f"cmp in.wav b.wav && {nlac} decode -q <(cat a.nlac) --skip -1f --format raw - | wc -c"
    )
    done = subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, [b"4"], b"")


def test_an_error_keeps_stdout_clean(process: Process) -> None:
    done = process("encode", "-", "-", input=b"this is no audio file at all, nothing like it")
    assert done.returncode == 1
    assert done.stdout == b""
    assert done.stderr.startswith(b"nlac: error: stdin: ")


def test_a_reader_that_leaves_is_no_error(
    tmp_path: Path, wav: Path, environment: dict[str, str]
) -> None:
    wav.write_bytes(wav_bytes(200_000))
    nlac = f"'{sys.executable}' -m nlac"
    line = f"{nlac} encode -q in.wav - | {nlac} decode - - | head -c 100 > /dev/null"
    done = subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


HEAVY = ("numpy", "numba", "scipy", "soundfile", "constriction", "tqdm", "torch", "matplotlib")


@pytest.mark.parametrize(
    "statement",
    [
        "import nlac",
        "from nlac.cli.main import cli; cli.main(['--help'], 'nlac')",
        "from nlac.cli.main import cli; cli.main(['encode', '--help'], 'nlac')",
        "from nlac.cli.main import cli; cli.main(['completion', 'zsh'], 'nlac')",
    ],
)
def test_what_answers_at_once_loads_nothing_heavy(
    statement: str, environment: dict[str, str]
) -> None:
    code = f"""
import sys
try:
    {statement}
except SystemExit as end:
    assert not end.code
print("loaded:", *(name for name in {HEAVY} if name in sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "loaded:"


def test_the_entry_point_is_the_tested_one() -> None:
    script = '\nnlac = "nlac.__main__:main"\n'
    assert script in (ROOT / "pyproject.toml").read_text("utf-8")


def test_kernels_go_to_the_configured_cache(
    process: Process, tmp_path: Path, environment: dict[str, str]
) -> None:
    code = "from nlac.kernels.cache import cache_folder; print(cache_folder())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()).parent == tmp_path / "cache"
    assert os.listdir(tmp_path / "cache")
