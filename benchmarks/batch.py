"""Batches under fire: kills at random, a cluster against one machine, overhead.

    python benchmarks/batch.py kills --files 1000 --kills 50
    python benchmarks/batch.py engines --files 200
    python benchmarks/batch.py overhead --files 200

`kills` ends a batch by SIGKILL of its whole process group at random times, starts it again each
time, and proves that nothing was lost, that nothing was done twice but the files in hand, and that
the tree comes back byte for byte. `engines` compares files an hour of local processes and of a Dask
cluster on this machine with as many workers. `overhead` compares a batch with plain processes that
encode the same files and do nothing else, in wall and CPU time.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

MANIFEST = "nlac-batch.jsonl"
NLAC = [sys.executable, "-m", "nlac"]
# what one of the plain processes of `overhead` does
PLAIN = """
import sys, nlac
for name in sys.argv[3:]:
    target = sys.argv[1] + "/" + name.replace("/", "_") + ".nlac"
    nlac.encode(name, target, preset=sys.argv[2], threads=1)
"""


def make_tree(root: Path, files: int, seconds: float) -> None:
    """Recordings in folders with odd names, and some files that are none."""
    rng = np.random.default_rng(19)
    names = ["plain", "Ä ö ü", "with space/deep", "日本", "line\nbreak"]
    for number in range(files):
        folder = root / names[number % len(names)]
        folder.mkdir(parents=True, exist_ok=True)
        if number % 20 == 19:
            (folder / f"note {number}.txt").write_bytes(rng.bytes(2000))
            continue
        frames = int(16000 * seconds * rng.uniform(0.5, 1.5))
        tone = np.sin(np.arange(frames)[:, None] * rng.uniform(0.01, 0.3, 2)) * 9000
        samples = (tone + rng.normal(0, 30, (frames, 2))).astype(np.int16)
        soundfile.write(folder / f"take {number:05}.wav", samples, 16000)
    (root / "empty").mkdir()
    for folder, _, found in os.walk(root, topdown=False):
        for name in [*found, "."]:
            stamp = int(rng.integers(10**18, 17 * 10**17))
            os.utime(Path(folder, name), ns=(stamp, stamp))


def listing(root: Path) -> dict[str, tuple[int, bytes]]:
    """Time of modification and content of everything in a tree."""
    found = {}
    for folder, _, names in os.walk(root):
        found[os.path.relpath(folder, root)] = (os.stat(folder).st_mtime_ns, b"")
        for name in names:
            path = Path(folder, name)
            found[os.path.relpath(path, root)] = (path.stat().st_mtime_ns, path.read_bytes())
    return found


def lines(out: Path) -> int:
    with contextlib.suppress(OSError):
        return (out / MANIFEST).read_bytes().count(b"\n")
    return 0


def run_kills(work: Path, args: argparse.Namespace) -> None:
    root, out, back = work / "root", work / "out", work / "back"
    make_tree(root, args.files, args.seconds)
    rng = random.Random(args.seed)
    command = [*NLAC, "batch", "-q", str(root), str(out), "--preset", args.preset]
    kills = torn = before_first = 0
    begin = time.perf_counter()
    while kills < args.kills:
        had = lines(out)
        process = subprocess.Popen(command, start_new_session=True)
        # one in five while it starts, the others some files after it has begun
        if rng.random() < 0.2:
            time.sleep(rng.uniform(0, 1.5))
        else:
            enough = had + 2 * rng.uniform(0, 2 * args.files / args.kills)
            while process.poll() is None and lines(out) < enough:
                time.sleep(0.003)
            time.sleep(rng.uniform(0, 0.02))
        if process.poll() is not None:
            process.wait()
            break
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        kills += 1
        before_first += lines(out) == had
        data = (out / MANIFEST).read_bytes() if (out / MANIFEST).exists() else b"\n"
        torn += not data.endswith(b"\n")
    rc = subprocess.run(command, check=False).returncode
    seconds = time.perf_counter() - begin
    events = [json.loads(line) for line in (out / MANIFEST).read_text().splitlines()]
    done = Counter(e["source"] for e in events if e["event"] == "file" and e["state"] != "folder")
    begun = Counter(e["source"] for e in events if e["event"] == "begin")
    again = {source: count - 1 for source, count in begun.items() if count > 1}
    print(f"{kills} kills ({before_first} before a line was written, {torn} tore one), "
          f"last exit code {rc}, {seconds:.0f} s")  # fmt: skip
    print(f"{len(done)} files, {sum(count > 1 for count in done.values())} finished twice, "
          f"{sum(again.values())} begun again after a kill (at most {(os.cpu_count() or 1) + 1} "
          "are in hand)")  # fmt: skip
    check = subprocess.run([*NLAC, "batch", "-q", "--check", str(out)], check=False).returncode
    subprocess.run([*NLAC, "batch", "-q", "--restore", str(out), str(back)], check=True)
    same = listing(root) == listing(back)
    left = list(out.rglob(".*.part"))
    print(f"--check {check}; restored tree {'equal' if same else 'DIFFERS'}; "
          f"{len(left)} temporary files left")  # fmt: skip


@contextlib.contextmanager
def cluster(work: Path, workers: int) -> Iterator[str]:
    """A scheduler and workers of one thread; gives the engine's name."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    environment = os.environ | {"DASK_DISTRIBUTED__SCHEDULER__WORKER_SATURATION": "1.0"}
    dask = [sys.executable, "-m", "dask"]
    host, port = address.split(":")
    commands = [[*dask, "scheduler", "--host", host, "--port", port, "--no-dashboard"]]
    commands += [
        [*dask, "worker", f"tcp://{address}", "--nthreads", "1", "--no-dashboard"]
    ] * workers
    with contextlib.ExitStack() as stack:
        for command in commands:
            process = subprocess.Popen(
                command, cwd=work, env=environment, stderr=subprocess.DEVNULL
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
        yield f"dask://{address}"


def timed(command: list[str]) -> tuple[float, float]:
    """Wall and CPU seconds of a command with all of its processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    subprocess.run(command, check=True)
    wall = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run_engines(work: Path, args: argparse.Namespace) -> None:
    root = work / "root"
    make_tree(root, args.files, args.seconds)
    cores = str(os.cpu_count())
    with cluster(work, int(cores)) as engine:
        times: dict[str, list[float]] = {"local": [], engine: []}
        for turn in range(args.repeat + 1):
            for name, found in times.items():
                out = work / f"out{turn}{name[:4]}"
                command = [*NLAC, "batch", "-q", str(root), str(out), "--preset", args.preset]
                wall, _ = timed([*command, "--engine", name])
                # the first turn loads kernels into the cluster's workers
                found += [wall] if turn else []
                print(f"{name}: {wall:.2f} s", flush=True)
    for name, found in times.items():
        rate = 3600 * args.files / statistics.median(found)
        print(f"{name[:5]}: {rate:,.0f} files an hour ({', '.join(f'{x:.2f} s' for x in found)})")
    local, dask = (statistics.median(found) for found in times.values())
    print(f"Dask against local: {100 * local / dask:.1f} % of the files an hour")


def run_overhead(work: Path, args: argparse.Namespace) -> None:
    root = work / "root"
    make_tree(root, args.files, args.seconds)
    names = sorted(str(path) for path in root.rglob("*.wav"))
    for path in root.rglob("*.txt"):
        path.unlink()
    processes = os.cpu_count() or 1
    plain: list[tuple[float, float]] = []
    batch: list[tuple[float, float]] = []
    for turn in range(args.repeat):
        shards = work / f"shards{turn}.sh"
        target = work / f"plain{turn}"
        target.mkdir()
        script = work / "plain.py"
        script.write_text(PLAIN)
        quoted = [
            [sys.executable, str(script), str(target), args.preset, *names[index::processes]]
            for index in range(processes)
        ]
        shards.write_text(
            "import json, subprocess\n"
            f"commands = json.loads({json.dumps(quoted)!r})\n"
            "for one in [subprocess.Popen(command) for command in commands]:\n"
            "    assert one.wait() == 0\n"
        )
        plain.append(timed([sys.executable, str(shards)]))
        out = work / f"out{turn}"
        batch.append(timed([*NLAC, "batch", "-q", str(root), str(out), "--preset", args.preset]))
        print("wall and CPU seconds, encoding alone {:.2f} {:.2f}, batch {:.2f} {:.2f}".format(
            *plain[-1], *batch[-1]), flush=True)  # fmt: skip
    for kind, number in (("wall", 0), ("CPU", 1)):
        alone, whole = (statistics.median(x[number] for x in found) for found in (plain, batch))
        print(f"{kind}: encoding alone {alone:.2f} s, batch {whole:.2f} s: "
              f"{100 * (whole / alone - 1):+.1f} %")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["kills", "engines", "overhead"])
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=1.0, help="mean length of a recording")
    parser.add_argument("--preset", default="fast")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", help="where the trees are made, instead of a temporary folder")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        run = {"kills": run_kills, "engines": run_engines, "overhead": run_overhead}
        run[args.what](Path(folder), args)


if __name__ == "__main__":
    main()
