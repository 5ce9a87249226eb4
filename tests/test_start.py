"""What `nlac encode` and `nlac decode` of a plain WAV file import: the start is most of their time.

The lists are ``tests/data/start/*.txt``; ``python tests/test_start.py`` writes them anew.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np
import pytest

import nlac
from nlac.kernels.mode import MODE, Mode

LISTS = Path(__file__).with_name("data") / "start"
JOBS = ("encode", "decode")
# of the standard library, which is not listed: it differs between versions and systems
UNWANTED = {
    *("importlib.metadata", "importlib.resources", "email", "socket", "tomllib", "tempfile"),
    *("subprocess", "fractions", "secrets", "lzma", "csv", "unittest", "asyncio"),
    *("multiprocessing", "concurrent.futures"),
}
COMPILERS = {"numba", "llvmlite"}
PROGRAM = """
import sys
from nlac.__main__ import main
try:
    main()
except SystemExit as end:
    assert not end.code
print(*sys.modules)
"""


def loaded_by(job: str, folder: Path) -> set[str]:
    """Modules in a process that does one of the jobs."""
    source, target = {"encode": ("in.wav", "in.nlac"), "decode": ("in.nlac", "out.wav")}[job]
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, job, "-q", source, target],
        cwd=folder,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("NLAC_")},
            "PYTHONPATH": str(Path(nlac.__file__).parents[1]),
            "XDG_CONFIG_HOME": str(folder),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def make_wave(folder: Path) -> None:
    samples = np.random.default_rng(3).normal(0, 900, (44100, 2)).cumsum(0).astype("<i2")
    with wave.open(str(folder / "in.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44100)
        file.writeframes(samples.tobytes())


def listed(modules: set[str]) -> list[str]:
    """What the lists tell of modules: those of nlac, and other packages that were installed."""
    names = {name for name in modules if name.partition(".")[0] == "nlac"}
    packages = {name.partition(".")[0] for name in modules} - {"nlac", "__main__"}
    installed = {name for name in packages - sys.stdlib_module_names if not name.startswith("_")}
    return sorted(names) + sorted(installed)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory) -> dict[str, set[str]]:
    folder = tmp_path_factory.mktemp("start")
    make_wave(folder)
    return {job: loaded_by(job, folder) for job in JOBS}


@pytest.mark.skipif(MODE is not Mode.AHEAD, reason="kernels are not compiled ahead of time")
@pytest.mark.parametrize("job", JOBS)
def test_a_command_imports_what_is_listed(loaded, job):
    path = LISTS / f"{job}.txt"
    wanted, found = path.read_text(encoding="utf-8").split(), listed(loaded[job])
    more, less = sorted({*found} - {*wanted}), sorted({*wanted} - {*found})
    assert not more, (
        f"nlac {job} of a WAV file imports what is not listed: {' '.join(more)}. "
        "Import it where it is used; if every file needs it, "
        f"{Path(__file__).name} run as a program writes {path} anew"
    )
    assert not less, f"nlac {job} no longer imports {' '.join(less)}: run {Path(__file__).name}"


@pytest.mark.parametrize("job", JOBS)
def test_a_command_imports_nothing_that_few_files_need(loaded, job):
    packages = {"scipy", "torch", "soundfile", "tqdm", "fsspec", "matplotlib", "safetensors"}
    unwanted = packages | {"numpy.ma", "numpy.random"}
    if MODE is Mode.AHEAD:
        # numba imports nearly all of the standard library
        unwanted |= COMPILERS | UNWANTED
    assert not loaded[job] & unwanted


def main() -> None:
    """Write the lists anew."""
    assert MODE is Mode.AHEAD, "the lists are of kernels that are compiled ahead of time"
    LISTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        make_wave(Path(name))
        for job in JOBS:
            lines = listed(loaded_by(job, Path(name)))
            (LISTS / f"{job}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
