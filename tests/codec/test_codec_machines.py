"""The samples, and the bytes, depend neither on the processor nor on the compiler.

What is run in another way has a process of its own: with nothing but what every processor of this
kind has, where all kernels are compiled anew (only those of decoders here; encoders have
``scripts/same_bytes.py``), with plain loops in place of vector loops, and with kernels as plain
Python.
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
    found = run(DECODE, *paths, **{name: value, "NUMBA_CACHE_DIR": str(tmp_path)})
    assert found == [hashlib.sha256(samples.tobytes()).hexdigest()] * len(paths)


def test_without_a_compiler(tmp_path):
    expected = [stream(signal(40), preset).hex() for preset in PRESETS]
    places = (ROOT / "tests", ROOT / "tests/codec")
    assert run(BOTH, *places, NUMBA_DISABLE_JIT="1") == expected
