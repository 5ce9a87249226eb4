"""Whether nlac works with the oldest and the newest release of numba that it admits.

    python scripts/try_numba.py [VERSION ...]

For each release: a virtual environment of its own with the package and its tests, with the oldest
NumPy for the oldest numba; then kernels and golden streams, encoded and decoded by presets and
predictors of all kinds. That takes minutes, for everything is compiled anew. VERSION names releases
to try in place of the two. Ends with 1 if anything fails.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TESTS = ("tests/kernels", "tests/golden")


def bounds() -> tuple[str, str, str]:
    """Oldest numba, the first that is too new, and oldest NumPy, as in `pyproject.toml`."""
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    hook = configured["tool"]["hatch"]["metadata"]["hooks"]["custom"]
    extras = configured["project"]["optional-dependencies"]
    numba = re.search(r"numba>=([\d.]+),<([\d.]+)", " ".join(extras["jit"]))
    numpy = re.search(r"numpy>=([\d.]+)", " ".join(hook["dependencies"]))
    if numba is None or numpy is None:
        raise SystemExit("pyproject.toml does not bound numba and numpy as this script reads it")
    return numba[1], numba[2], numpy[1]


def requirements() -> list[list[str]]:
    """What to install beside the package, for each environment."""
    oldest, end, numpy = bounds()
    if sys.argv[1:]:
        return [[f"numba=={version}"] for version in sys.argv[1:]]
    return [[f"numba=={oldest}", f"numpy=={numpy}.*"], [f"numba<{end}"]]


def attempt(wanted: list[str]) -> bool:
    """Install, test, and tell the result."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder, "Scripts" if os.name == "nt" else "bin", "python")
        install = [python, "-m", "pip", "install", "-q", f"{ROOT}[test]", *wanted]
        # the sources alone: another release compiles the kernels of a wheel
        subprocess.run(install, cwd=ROOT, env=os.environ | {"NLAC_PURE": "1"}, check=True)
        shown = "import numba, numpy; print('numba', numba.__version__, 'numpy', numpy.__version__)"
        subprocess.run([python, "-c", shown], check=True)
        # the installed package, not the sources of this folder
        environment = {name: v for name, v in os.environ.items() if name != "PYTHONPATH"}
        tests = [python, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS]
        passed = subprocess.run(tests, cwd=ROOT, env=environment, check=False).returncode == 0
    print("passed" if passed else "FAILED", *wanted, flush=True)
    return passed


def main() -> int:
    failed = [wanted for wanted in requirements() if not attempt(wanted)]
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
