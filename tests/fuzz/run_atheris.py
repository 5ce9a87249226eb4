"""Search for bytes that a target of `targets.py` cannot bear, guided by the code that they reach.

    pip install atheris
    python tests/fuzz/run_atheris.py TARGET [SECONDS]

What is found is written to the folder `failures/TARGET` beside this file, where
`test_fuzz_targets.py` tries it in every run from then on.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parent), str(HERE.parent / "codec")]


def main() -> None:
    """Run one target for some seconds."""
    name = sys.argv[1]
    seconds = sys.argv[2] if len(sys.argv) > 2 else "60"
    # numba cannot compile what carries counters
    package = HERE.parents[1] / "nlac"
    compiled = [path for path in package.rglob("*.py") if "jit" in path.read_text("utf-8")]
    exclude = [
        ".".join(path.relative_to(package.parent).with_suffix("").parts) for path in compiled
    ]
    with atheris.instrument_imports(include=["nlac"], exclude=exclude):
        import targets

        # modules that functions import are met here
        seeds = targets.TARGETS[name].seeds()
        for seed in seeds:
            targets.use(name, seed)

    found = HERE / "failures" / name
    found.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as corpus:
        for number, seed in enumerate(seeds):
            (Path(corpus) / f"seed{number}").write_bytes(seed)
        options = [f"-max_total_time={seconds}", f"-artifact_prefix={found}/", "-max_len=8192"]
        atheris.Setup(
            [sys.argv[0], corpus, *options, "-timeout=10", "-rss_limit_mb=2048"],
            lambda data: targets.use(name, data),
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
