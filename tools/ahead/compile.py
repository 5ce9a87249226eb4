"""Compiles entries for one kind of processor into object files.

    python tools/ahead/compile.py OUT --level L --cpu NAME [--features F] [--triple T] [--part I/N]

Writes OUT.o, and OUT.json: the entries, with types of their results and slots of their arguments.
Each level and part needs a process of its own, see `build.py`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from target import Target

HERE = Path(__file__).resolve().parent
# of the C library, glibc 2.14 or any other; no kernel of the codec uses erf and tanhf
ALLOWED = {
    *("malloc", "free", "memcpy", "memmove", "memset"),
    *("frexp", "log10", "sqrt", "sqrtf", "erf", "tanhf"),
}


def main() -> None:
    """Compile."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--level", type=int, required=True)
    parser.add_argument("--cpu", required=True)
    parser.add_argument("--features", default="")
    parser.add_argument("--triple")
    parser.add_argument("--part", default="0/1", help="of the entries, for several processes")
    parser.add_argument("--entries", type=Path, default=HERE / "entries.json")
    options = parser.parse_args()
    # numba reads these when it is imported
    os.environ["NUMBA_CPU_NAME"] = options.cpu
    os.environ["NUMBA_CPU_FEATURES"] = options.features
    os.environ["NLAC_JIT"] = "1"
    for name in ("NUMBA_DISABLE_JIT", "NLAC_PLAIN_KERNELS"):
        os.environ.pop(name, None)
    from target import Target

    from nlac.kernels import numba_jit

    numba_jit.compile_for_library()
    target = Target(options.triple, options.cpu, options.features)
    number, parts = map(int, options.part.split("/"))
    listed = json.loads(options.entries.read_text(encoding="utf-8"))
    table = {}
    # neighbours share kernels, which each part compiles for itself
    for entry in range(number * len(listed) // parts, (number + 1) * len(listed) // parts):
        name, arguments = listed[entry]
        table[entry] = _compile(target, f"nlac_{options.level}_{entry}", name, arguments)
    runtime = (HERE / "runtime.ll").read_text(encoding="utf-8")
    options.out.with_suffix(".o").write_bytes(target.kernels_object(runtime, ALLOWED))
    options.out.with_suffix(".json").write_text(json.dumps(table), encoding="utf-8")


def _compile(target: Target, symbol: str, name: str, arguments: list[Any]) -> list[Any]:
    from descriptors import describe, restore

    module, _, kernel = name.partition(":")
    function = getattr(importlib.import_module(module), kernel)
    result, slots = target.add(symbol, function, tuple(map(restore, arguments)))
    return [name, arguments, describe(result), slots]


if __name__ == "__main__":
    main()
