"""``nlac doctor``: versions, caches, devices, and a self-test."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import io
import json
import os
import platform
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nlac._leftovers import find_leftovers
from nlac.cli import _console

if TYPE_CHECKING:
    from nlac._typing import Samples

NEEDED = ("numpy", "constriction", "soundfile", "click", "tqdm")
OPTIONAL = {
    "numba": "kernels that are compiled just in time",
    "distributed": "`nlac batch` on a Dask cluster",
    "fsspec": "inputs and outputs by URL",
    "mfusepy": "`nlac mount`",
    "mutagen": "ID3 and APEv2 tags",
    "sounddevice": "`nlac play` without a player program",
    "fastapi": "the page of `nlac serve`",
    "uvicorn": "the page of `nlac serve`",
    "matplotlib": "pictures of `nlac bench` and `nlac analyze`",
    "torch": "neural predictors on a GPU",
    "numcodecs": "arrays in chunked stores",
    "zarr": "arrays in Zarr 3",
}


@click.command("doctor")
@click.argument(
    "folders", metavar="[FOLDER]...", nargs=-1, type=click.Path(exists=True, file_okay=False)
)
@click.option(
    "--clean",
    is_flag=True,
    help="Only remove the unfinished files that killed runs left in the folders.",
)
@click.option("-r", "--recursive", is_flag=True, help="Look into sub-folders as well.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
@_console.verbosity_options
def command(folders: tuple[str, ...], clean: bool, recursive: bool, as_json: bool) -> int:
    """Check this installation: versions, kernel cache, devices, and a self-test.

    The self-test encodes and decodes a short signal in every sample format.
    Named are also unfinished files that killed runs left in the folders, by default
    in the current one: hidden ones that end with .part. Those that a run is still
    writing are not among them. The exit code tells whether all is well.

    \b
    Examples:
      nlac doctor
      nlac doctor --json | jq .kernels
      nlac doctor --clean -r archive
    """
    leftovers = [
        path
        for folder in folders or (os.curdir,)
        for path in find_leftovers(Path(folder), recursive=recursive)
    ]
    if clean:
        return _clean(leftovers, as_json)
    _console.before_coding()
    report = {**_versions(), "cores": _cores(), "kernels": _kernels(), "cuda": _cuda()}
    report["leftovers"] = [str(path) for path in leftovers]
    report["self_test"] = _self_test()
    healthy = bool(report["self_test"]["passed"]) and not report["missing"]
    if as_json:
        click.echo(json.dumps(report))
    elif not (healthy and _console.is_quiet()):
        _print(report)
    return 0 if healthy else 1


def _clean(leftovers: list[Path], as_json: bool) -> int:
    removed = []

    def remove(path: Path) -> None:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        removed.append(str(path))
        if not as_json:
            _console.say(f"{path} removed")

    code = _console.each_file(leftovers, remove)
    if as_json:
        click.echo(json.dumps({"removed": removed}))
    elif not leftovers:
        _console.say("no unfinished files of killed runs")
    return code


def _versions() -> dict[str, Any]:
    from nlac import __version__

    packages = {name: _version(name) for name in (*NEEDED, *OPTIONAL)}
    return {
        "nlac": __version__,
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        "platform": platform.platform(),
        "packages": packages,
        "missing": [name for name in NEEDED if packages[name] is None],
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _kernels() -> dict[str, Any]:
    from nlac.kernels.ahead.loader import loaded
    from nlac.kernels.mode import MODE, Mode

    level = loaded().level if MODE is Mode.AHEAD else 0
    report = {"mode": MODE.value, "level": f"x86-64-v{level}" if level else None}
    if MODE is not Mode.JIT:
        return {**report, "cache": None}
    from nlac.kernels.cache import cache_folder

    folder = cache_folder()
    files = list(folder.rglob("*.nbc")) if folder else []
    cache = {
        "folder": str(folder) if folder else None,
        "compiled": len(files),
        "bytes": sum(file.stat().st_size for file in files),
    }
    return {**report, "cache": cache}


def _cuda() -> str | None:
    """Name of the GPU; None without one. PyTorch is imported only where it is installed."""
    if importlib.util.find_spec("torch") is None:
        return None
    torch = importlib.import_module("torch")
    return str(torch.cuda.get_device_name(0)) if torch.cuda.is_available() else None


def _self_test() -> dict[str, Any]:
    """Encode and decode a short signal in every sample format."""
    begin = time.perf_counter()
    failed = {}
    formats: list[int | None] = [*range(1, 33), None]
    for bits in formats:
        name = f"{bits}-bit integer" if bits else "32-bit float"
        try:
            _round_trip(bits)
        except Exception as error:
            failed[name] = f"{type(error).__name__}: {error}"
    seconds = round(time.perf_counter() - begin, 3)
    return {"passed": not failed, "formats": len(formats), "failed": failed, "seconds": seconds}


def _round_trip(bits: int | None) -> None:
    import numpy as np

    import nlac

    samples = _signal(bits)
    stream = io.BytesIO()
    nlac.write(stream, samples, 48_000, bits_per_sample=bits)
    stream.seek(0)
    back, rate = nlac.read(stream)
    same = back.dtype == samples.dtype and np.array_equal(
        back.view(f"u{back.itemsize}"), samples.view(f"u{samples.itemsize}")
    )
    if rate != 48_000 or not same:
        raise ValueError("what came back differs")


def _signal(bits: int | None) -> Samples:
    """A stereo sine with noise on one side, and the extremes of its format."""
    import numpy as np

    generator = np.random.Generator(np.random.PCG64(1))
    wave = np.sin(np.arange(2000) / 20)[:, None] * [0.5, -0.5]
    wave[:, 1] += generator.normal(0, 0.01, 2000)
    if bits is None:
        floats = wave.astype(np.float32)
        floats[:4, 0] = [np.nan, -0.0, np.inf, 1e-45]
        return floats
    top = (1 << (bits - 1)) - 1
    whole = np.clip(np.rint(wave * top), -top - 1, top)
    whole[:2] = [[-top - 1, top], [top, -top - 1]]
    integers: Samples = whole.astype(np.int16 if bits <= 16 else np.int32)
    return integers


def _print(report: dict[str, Any]) -> None:
    click.echo(f"nlac      {report['nlac']}")
    click.echo(f"python    {report['python']}")
    click.echo(f"platform  {report['platform']}, {report['cores']} cores")
    for name, version in report["packages"].items():
        absent = "MISSING" if name in NEEDED else f"not installed (for {OPTIONAL.get(name)})"
        click.echo(f"          {name} {version or absent}")
    kernels, cache = report["kernels"], report["kernels"]["cache"]
    level = f" for {kernels['level']}" if kernels["level"] else ""
    click.echo(f"kernels   {kernels['mode']}{level}")
    if cache and cache["folder"]:
        amount = f"{cache['compiled']} kernels, {cache['bytes'] / 1e6:.1f} MB"
        click.echo(f"cache     {cache['folder']} ({amount})")
    elif cache:
        click.echo("cache     NONE: no folder can be written, so every run compiles its kernels;")
        click.echo("          set NUMBA_CACHE_DIR to a folder that can")
    click.echo(f"cuda      {report['cuda'] or 'none'}")
    for path in report["leftovers"]:
        click.echo(f"leftover  {path}, of a killed run; --clean removes it")
    test = report["self_test"]
    outcome = "passed" if test["passed"] else "FAILED"
    click.echo(f"self-test {outcome}: {test['formats']} sample formats in {test['seconds']} s")
    for name, message in test["failed"].items():
        click.echo(f"          {name}: {message}")
