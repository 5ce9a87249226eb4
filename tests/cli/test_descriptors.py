"""Outputs that are no files: pipes, devices, descriptors; streams that are closed or full."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_tools import wav_bytes
from click.testing import Result

Shell = Callable[[str], subprocess.CompletedProcess[bytes]]
Call = Callable[..., Result]

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="NOT TESTED: Windows has no such names"
)


@pytest.fixture
def shell(tmp_path: Path, environment: dict[str, str]) -> Shell:
    """Run a line in bash, where ``nlac`` is the command."""

    def run(line: str) -> subprocess.CompletedProcess[bytes]:
        function = f"nlac() {{ '{sys.executable}' -m nlac \"$@\"; }}"
        return subprocess.run(
            ["bash", "-c", f"{function}; {line}"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            check=False,
            timeout=120,
        )

    return run


@pytest.fixture
def stream(call: Call, wav: Path) -> Path:
    assert call("encode", "-q", wav).exit_code == 0
    return wav.with_suffix(".nlac")


def test_named_pipe(shell: Shell, wav: Path, stream: Path) -> None:
    done = shell(
        "mkfifo p; cat p > b.nlac & nlac encode in.wav p && wait && cmp in.nlac b.nlac && "
        "{ cat p > b.wav & } && nlac decode in.nlac p && wait && cmp in.wav b.wav"
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b" -> p: ") == 2


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_by_name(shell: Shell, wav: Path, stream: Path, name: str) -> None:
    # what is told goes to stderr, as for -
    done = shell(f"nlac encode in.wav {name} | cmp - in.nlac && nlac decode in.nlac -o {name}")
    assert (done.returncode, done.stdout) == (0, wav.read_bytes())
    # a file is written on, not replaced
    done = shell(f"{{ echo first; nlac encode in.wav {name}; echo last; }} > b")
    assert done.returncode == 0
    assert (wav.parent / "b").read_bytes() == b"first\n" + stream.read_bytes() + b"last\n"


def test_other_descriptors(shell: Shell, wav: Path, stream: Path) -> None:
    done = shell("nlac encode -q in.wav /dev/fd/3 3> b; cmp b in.nlac")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    done = shell("nlac decode -q in.nlac >(cat > b.wav); while ! cmp -s b.wav in.wav; do :; done")
    assert (done.returncode, done.stderr) == (0, b"")
    done = shell("nlac encode in.wav /dev/fd/77")
    assert done.returncode == 1
    assert done.stderr == b"nlac: error: in.wav: Bad file descriptor: /dev/fd/77\n"


def test_standard_input_by_name(shell: Shell, wav: Path, stream: Path) -> None:
    done = shell("cat in.wav | nlac encode -q /dev/stdin - | nlac decode -q /dev/stdin /dev/stdout")
    assert (done.returncode, done.stdout) == (0, wav.read_bytes())
    done = shell("nlac encode <(cat in.wav)")
    assert done.returncode == 2
    assert b"-o names that" in done.stderr


def test_pipes_whose_output_is_named_after_what_they_hold(
    shell: Shell, wav: Path, stream: Path
) -> None:
    done = shell("nlac decode -q - -o out/ < in.nlac && cmp out/stdin.wav in.wav")
    assert (done.returncode, done.stderr) == (0, b"")
    done = shell("nlac decode -q <(cat in.nlac) -o fresh/ && cmp fresh/*.wav in.wav")
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("container", ["original", "wav", "flac", "caf", "au"])
def test_the_null_device(call: Call, wav: Path, stream: Path, container: str) -> None:
    assert call("encode", wav, "/dev/null").exit_code == 0
    done = call("decode", stream, "-o", "/dev/null", "--format", container)
    assert (done.exit_code, done.stderr) == (0, "")


def test_an_input_is_kept_whose_output_is_not_kept(call: Call, wav: Path) -> None:
    done = call("encode", "--delete-input", wav, "-o", os.devnull)
    assert f"in.wav is kept, for {os.devnull} is no file that would keep it" in done.stderr
    assert wav.exists()


@pytest.mark.parametrize("container", ["flac", "wav"])
def test_appended_output_is_whole(shell: Shell, wav: Path, stream: Path, container: str) -> None:
    """Headers are not corrected where every byte goes to the end."""
    done = shell(f"nlac decode -q in.nlac --format {container} - >> b")
    assert done.returncode == 0
    done = shell(f"nlac decode -q in.nlac --format {container} - | cmp - b")
    assert (done.returncode, done.stdout) == (0, b"")


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("nlac encode - - <&-", 2, b"stdin: standard input is closed"),
        ("nlac encode in.wav - >&-", 2, b"in.wav: standard output is closed"),
        ("nlac encode in.wav b >&- <&-; cmp b in.nlac", 0, None),
        ("nlac encode in.wav b <&- >&- 2>&-; cmp b in.nlac", 0, None),
        ("nlac info in.nlac >&-", 0, None),
        ("nlac info none.wav 2>&-", 1, None),
    ],
)
def test_closed_streams(
    shell: Shell, stream: Path, line: str, code: int, message: bytes | None
) -> None:
    done = shell(line)
    assert done.returncode == code
    assert done.stderr == (b"nlac: error: " + message + b"\n" if message else b"")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nlac encode in.wav - > /dev/full", b"in.wav: No space left on device"),
        ("nlac encode in.wav /dev/full", b"in.wav: No space left on device: /dev/full"),
        ("nlac decode in.nlac --format flac - > /dev/full", b"in.nlac: No space left on device"),
        ("nlac info in.nlac > /dev/full", b"in.nlac: No space left on device"),
        ("nlac info none.wav 2> /dev/full", None),
    ],
)
def test_full_devices(shell: Shell, stream: Path, line: str, message: bytes | None) -> None:
    done = shell(line)
    assert done.returncode == 1
    assert done.stderr == (b"nlac: error: " + message + b"\n" if message else b"")


@pytest.mark.parametrize("container", ["flac", "caf", "au", "wav", "aiff", "original"])
def test_a_full_disk_leaves_nothing(
    process: Callable[..., subprocess.CompletedProcess[bytes]],
    call: Call,
    wav: Path,
    container: str,
) -> None:
    wav.write_bytes(wav_bytes(60_000))
    assert call("encode", "-q", wav).exit_code == 0

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    done = process("decode", "in.nlac", "-o", "b", "--format", container, preexec_fn=limit)
    assert done.returncode == 1
    assert done.stderr == b"nlac: error: in.nlac: File too large: b\n"
    assert sorted(path.name for path in wav.parent.iterdir()) == ["in.nlac", "in.wav"]
