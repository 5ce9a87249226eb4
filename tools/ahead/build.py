"""Builds the library of compiled kernels that a wheel holds.

    python tools/ahead/build.py FOLDER [--levels 2,3,4] [--system linux-aarch64]

Writes library and list of entries into FOLDER, see `nlac.kernels.ahead.loader`. By default it is
for processors of this machine's level, and above. It needs numba and llvmlite, and a linker: a C
compiler, or the package `ziglang`, which can link for other systems, too.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

_V2 = "+cx16,+popcnt,+sahf,+sse3,+sse4.1,+sse4.2,+ssse3"
_V3 = _V2 + ",+avx,+avx2,+bmi,+bmi2,+f16c,+fma,+lzcnt,+movbe,+xsave"
_V4 = _V3 + ",+avx512f,+avx512bw,+avx512cd,+avx512dq,+avx512vl"
# name and features of a processor of each level; features are spelt out, for kernels look at them
X86 = {2: ("x86-64-v2", _V2), 3: ("x86-64-v3", _V3), 4: ("x86-64-v4", _V4)}


@dataclass(frozen=True)
class System:
    """A kind of machine.

    Parameters
    ----------
    triple : str or None
        As LLVM names it; None is this machine.
    cpu : str or None
        The processor whose instructions are used; None where there are levels (x86-64).
    zig : str
        As zig names it.
    suffix : str
        Of libraries.
    """

    triple: str | None
    cpu: str | None
    zig: str
    suffix: str


SYSTEMS = {
    "linux-x86_64": System("x86_64-unknown-linux-gnu", None, "x86_64-linux-gnu.2.17", ".so"),
    "linux-aarch64": System(
        "aarch64-unknown-linux-gnu", "generic", "aarch64-linux-gnu.2.17", ".so"
    ),
    "macos-x86_64": System("x86_64-apple-macosx11.0", None, "x86_64-macos.11.0", ".dylib"),
    "macos-arm64": System("arm64-apple-macosx11.0", "apple-m1", "aarch64-macos.11.0", ".dylib"),
    "windows-x86_64": System("x86_64-pc-windows-gnu", None, "x86_64-windows-gnu", ".dll"),
}


class NoLinker(Exception):
    """Nothing that links was found."""


def this_system() -> System:
    """Kind of machine that this runs on."""
    suffix = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
    levels = platform.machine().lower() in ("x86_64", "amd64")
    return System(None, None if levels else "generic", "native", suffix)


def linker(system: System) -> list[str]:
    """Command that links a shared library.

    Raises
    ------
    NoLinker
        There is none.
    """
    if system.triple is None and sys.platform != "win32":
        for name in ("cc", "gcc", "clang"):
            if found := shutil.which(name):
                return [found]
    if importlib.util.find_spec("ziglang") is None:
        raise NoLinker("neither a C compiler nor the package ziglang was found")
    target = [] if system.triple is None else ["-target", system.zig]
    return [sys.executable, "-m", "ziglang", "cc", *target]


def build(
    folder: Path,
    system: System | None = None,
    levels: Sequence[int] = (),
    entries: Path = HERE / "entries.json",
) -> None:
    """Build a library into a folder, which is made.

    Parameters
    ----------
    folder : Path
        Where library and list of entries are written.
    system : System, optional
        Kind of machine; this one by default.
    levels : sequence of int, optional
        Levels of x86-64 processors; that of this machine by default.
    entries : Path, optional
        The list of entries, see `record.py`.

    Raises
    ------
    NoLinker
        There is no linker for the system.
    subprocess.CalledProcessError
        Kernels can't be compiled or linked; what failed was written to standard error.
    """
    system = system or this_system()
    link = linker(system)
    with tempfile.TemporaryDirectory() as work:
        place = Path(work)
        loader = place / "loader.o"
        loader.write_bytes(_loader(system))
        if system.cpu is not None:
            processors = {0: (system.cpu, "")}
        else:
            processors = {level: X86[level] for level in levels or [_level(loader, link)]}
        objects, table = _compile(place, system, processors, entries)
        folder.mkdir(parents=True, exist_ok=True)
        library = folder / f"kernels{system.suffix}"
        subprocess.run(
            [*link, "-shared", "-s", "-o", library, loader, *objects, *_libraries(system)],
            check=True,
        )
    size = library.stat().st_size
    listed = {"library": library.name, "bytes": size, "levels": list(processors), "entries": table}
    text = json.dumps(listed, separators=(",", ":"))
    (folder / "entries.json").write_text(text, encoding="utf-8")


def _compile(
    place: Path, system: System, processors: dict[int, tuple[str, str]], entries: Path
) -> tuple[list[Path], list[object]]:
    """Compile the entries for each level, in as many processes as there are cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parts = max(1, min((cores or 1) // len(processors), 4))
    # isolated builds hold their packages in a folder of the path
    path = os.pathsep.join([str(ROOT), *sys.path])
    runs, objects = [], []
    for level, (cpu, features) in processors.items():
        for part in range(parts):
            out = place / f"{level}-{part}"
            command = [sys.executable, HERE / "compile.py", out, "--level", str(level)]
            command += ["--cpu", cpu, f"--features={features}", "--part", f"{part}/{parts}"]
            command += ["--entries", entries]
            command += [] if system.triple is None else ["--triple", system.triple]
            runs.append(subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}))
            objects.append(out.with_suffix(".o"))
    try:
        for run in runs:
            if run.wait():
                raise subprocess.CalledProcessError(run.returncode, run.args)
    finally:
        for run in runs:
            run.kill()
            run.wait()
    first = next(iter(processors))
    found: dict[int, object] = {}
    for part in range(parts):
        each = json.loads((place / f"{first}-{part}.json").read_text(encoding="utf-8"))
        found |= {int(number): entry for number, entry in each.items()}
    return objects, [found[number] for number in sorted(found)]


def _loader(system: System) -> bytes:
    """Object file of what the loader calls, which every processor of the system can run."""
    from llvmlite import binding

    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    binding.initialize_native_asmparser()
    triple = system.triple or binding.get_process_triple()
    cpu = "x86-64" if system.cpu is None else system.cpu
    machine = binding.Target.from_triple(triple).create_target_machine(
        cpu=cpu, opt=2, reloc="pic", codemodel="default"
    )
    module = None
    for name in ("loader.ll", "processor.ll") if system.cpu is None else ("loader.ll",):
        text = (HERE / name).read_text(encoding="utf-8").replace("TRIPLE", triple)
        part = binding.parse_assembly(text.replace("LAYOUT", str(machine.target_data)))
        if module is None:
            module = part
        else:
            module.link_in(part)
    return bytes(machine.emit_object(module))


def _level(loader: Path, link: list[str]) -> int:
    """Level of this machine's processor, as the loader will find it."""
    import ctypes

    sys.path.insert(0, str(ROOT))
    from nlac.kernels.ahead.loader import processor_level

    library = loader.with_suffix(".so")
    subprocess.run([*link, "-shared", "-o", library, loader], check=True)
    return max(processor_level(ctypes.CDLL(str(library))), min(X86))


def _libraries(system: System) -> list[str]:
    # log10 and frexp; part of the C library elsewhere
    return ["-lm"] if system.suffix == ".so" else []


def main() -> None:
    """Build."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--levels", default="", help="of x86-64 processors, such as 2,3,4")
    parser.add_argument("--system", choices=SYSTEMS)
    parser.add_argument("--entries", type=Path, default=HERE / "entries.json")
    options = parser.parse_args()
    levels = [int(level) for level in options.levels.split(",") if level]
    build(options.folder, SYSTEMS.get(options.system), levels, options.entries)


if __name__ == "__main__":
    main()
