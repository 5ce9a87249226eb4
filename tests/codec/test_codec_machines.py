"""The samples, and the bytes, depend neither on the processor nor on the compiler.

What is run in another way has a process of its own: with the instructions of each level of
processors that the installation has kernels for, with kernels compiled just in time; with nothing
but what every processor of this kind has, where all are compiled anew (only those of decoders here;
encoders have ``scripts/same_bytes.py``); with plain loops in place of vector loops; and with
kernels as plain Python.
"""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from strategies import RATE, make

import nlac
from nlac.kernels.ahead import loader
from nlac.kernels.mode import MODE, Mode

ROOT = Path(__file__).resolve().parents[2]
PRESETS = ("fast", "standard", "high")
DECODE = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
import nlac
for path in sys.argv[2:]:
    print(hashlib.sha256(nlac.read(path)[0].tobytes()).hexdigest())
"""
BOTH = """
import sys
sys.path[:0] = sys.argv[1:]
from test_codec_machines import PRESETS, signal, stream
import nlac
for preset in PRESETS:
    data = stream(signal(40), preset)
    assert (nlac.read(data)[0] == signal(40)).all()
    print(data.hex())
"""


def signal(frames: int) -> np.ndarray:
    return make("repeated_loop", frames, 2, 16) + make("music", frames, 2, 14)


def stream(samples: np.ndarray, preset: str) -> bytes:
    out = io.BytesIO()
    nlac.write(out, samples, RATE, bits_per_sample=17, preset=preset, verify=False)
    return out.getvalue()


def run(program: str, *arguments: object, **environment: str) -> list[str]:
    """Words that another process writes."""
    package = Path(nlac.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, str(package), *map(str, arguments)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("setting", ["NUMBA_CPU_NAME=generic", "NLAC_PLAIN_KERNELS=1"])
def test_others_decode_the_same(tmp_path, setting):
    """An old processor, and one for which no vector loops are used."""
    samples = signal(9000)
    paths = [tmp_path / preset for preset in ("fast", "high")]
    for path in paths:
        path.write_bytes(stream(samples, path.name))
    name, _, value = setting.partition("=")
    environment = {name: value, "NUMBA_CACHE_DIR": str(tmp_path), "NLAC_JIT": "1"}
    found = run(DECODE, *paths, **environment)
    assert found == [hashlib.sha256(samples.tobytes()).hexdigest()] * len(paths)


def encoded(**environment: str) -> list[str]:
    """Streams of all presets, which were decoded, too, in another process."""
    return run(BOTH, ROOT / "tests", ROOT / "tests/codec", **environment)


def test_interpreted():
    assert encoded(NUMBA_DISABLE_JIT="1") == [stream(signal(40), each).hex() for each in PRESETS]


@pytest.mark.skipif(MODE is not Mode.AHEAD, reason="compares with kernels compiled ahead of time")
def test_compiled_ahead_and_just_in_time(tmp_path):
    assert encoded(NLAC_JIT="1") == [stream(signal(40), each).hex() for each in PRESETS]


@pytest.mark.skipif(MODE is not Mode.AHEAD, reason="only libraries have levels of processors")
def test_every_level_of_processors():
    expected = [stream(signal(40), each).hex() for each in PRESETS]
    found = loader.loaded()
    assert found.level in found.levels
    for level in found.levels:
        if level <= found.level:
            assert encoded(NLAC_CPU_LEVEL=str(level or "")) == expected


WITHOUT = """
import sys
sys.modules["numba"] = sys.modules["llvmlite"] = None
sys.path[:0] = sys.argv[1:4]
from test_codec_machines import signal, stream
import nlac
data = stream(signal(3000), sys.argv[4])
assert (nlac.read(data)[0] == signal(3000)).all()
print(data.hex())
"""


@pytest.mark.skipif(MODE is not Mode.AHEAD, reason="needs kernels compiled ahead of time")
@pytest.mark.parametrize("preset", ["fast", "standard", "high", "max", "neural"])
def test_no_compiler_is_needed(preset):
    """Where neither numba nor llvmlite can be imported, all presets encode and decode."""
    found = run(WITHOUT, ROOT / "tests", ROOT / "tests/codec", preset)
    assert found == [stream(signal(3000), preset).hex()]
