"""How fast crops for training come: from nlac archives beside FLAC, and from a prepared dataset.

    python benchmarks/crops.py CORPUS [--category music] [--minutes 3] [--crops 600]

The recordings of a category of one format are joined to files of some minutes, and stored as
FLAC (by the program flac), as `standard`, and as `standard` with blocks of 5 seconds. From each
come the same crops of 2 seconds at random places, by one process: through soundfile, and through
`nlac.torch.AudioDataset`, which keeps one block, or all of them once they were decoded, or goes
through them in the order of `LocalBatches`. Then the corpus is prepared as a dataset, of which
worker processes make batches.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import soundfile
from torch.utils.data import DataLoader

import nlac
from nlac.bench.corpus import find_items
from nlac.bench.report import format_table
from nlac.torch import AudioDataset, LocalBatches
from nlac.training.data import CropLoader, CropSettings, PrepareSettings, open_dataset, prepare

SECONDS = 2
BLOCKS = {"standard": {}, "standard, blocks of 5 s": {"block_seconds": 5}}
AUGMENT = ("gain", "polarity", "swap", "speed", "filter", "noise", "mix")


def join(corpus: Path, category: str, folder: Path, minutes: float) -> tuple[list[Path], int]:
    """WAV files of some minutes each, and their rate."""
    paths = [item.path for item in find_items(corpus, categories=[category])]
    infos = [soundfile.info(path) for path in paths]
    (form, _), *_ = Counter((i.samplerate, i.channels, i.subtype) for i in infos).most_common(1)
    parts, length, made = [], 0, []
    for path, info in zip(paths, infos, strict=True):
        if (info.samplerate, info.channels, info.subtype) == form:
            parts.append(soundfile.read(path, dtype="int16", always_2d=True)[0])
            length += info.frames
        if parts and (length >= 60 * minutes * form[0] or path is paths[-1]):
            made.append(folder / f"{len(made)}.wav")
            soundfile.write(made[-1], np.concatenate(parts), form[0], "PCM_16")
            parts, length = [], 0
    return made, form[0]


def a_second(work: Callable[[int], object], indexes: Iterable[int]) -> float:
    """Calls a second of CPU time."""
    begin, count = time.process_time(), 0
    for index in indexes:
        work(index)
        count += 1
    return count / (time.process_time() - begin)


def archive_rows(waves: list[Path], rate: int, folder: Path, num_crops: int) -> list[list[str]]:
    """Crops a second from archives, and relative to FLAC."""
    flacs = [path.with_suffix(".flac") for path in waves]
    subprocess.run(["flac", "-s", "-8", *map(str, waves)], check=True)
    rows = []
    for name, options in BLOCKS.items():
        made = folder / name
        made.mkdir()
        for path in waves:
            samples, _ = soundfile.read(path, dtype="int16", always_2d=True)
            nlac.write(made / f"{path.stem}.nlac", samples, rate, preset="standard", **options)
        files = [made / f"{path.stem}.nlac" for path in waves]
        frames = SECONDS * rate

        def crops(cache_bytes: int, count: int, files=files, frames=frames) -> AudioDataset:
            return AudioDataset(files, frames, crops=count, dtype="int16", cache_bytes=cache_bytes)

        cached = crops(1 << 28, num_crops)
        order = np.random.default_rng(0).permutation(num_crops).tolist()
        opened = {path.stem: soundfile.SoundFile(path) for path in flacs}

        def from_flac(index: int, cached=cached, opened=opened, frames=frames) -> object:
            path, begin = cached.place(index)
            file = opened[path.stem]
            file.seek(begin)
            return file.read(frames, dtype="int16", always_2d=True)

        cached[0]  # compiles
        flac = a_second(from_flac, order)
        single = crops(0, num_crops)
        alone = a_second(single.__getitem__, order[: max(20, num_crops // 10)])
        a_second(cached.__getitem__, order)
        warm = a_second(cached.__getitem__, order)
        rows.append([name, "flac -8, soundfile", f"{flac:.0f}", "1.00"])
        rows.append([name, "no cache", f"{alone:.0f}", f"{alone / flac:.2f}"])
        rows.append([name, "cache of 256 MiB, filled", f"{warm:.0f}", f"{warm / flac:.2f}"])
        for times in (1, 2, 4, 8):
            local = crops(1 << 28, times * len(AudioDataset(files, frames)))
            batches = [i for batch in LocalBatches(local, 32) for i in batch]
            found = a_second(local.__getitem__, batches)
            label = f"`LocalBatches`, {times} x the audio"
            rows.append([name, label, f"{found:.0f}", f"{found / flac:.2f}"])
    return rows


def with_workers(folder: Path, rate: int) -> list[list[str]]:
    """Crops a second by the clock, of two worker processes."""
    rows = []
    for name in BLOCKS:
        count = 4 * len(AudioDataset(folder / name, SECONDS * rate))
        crops = AudioDataset(folder / name, SECONDS * rate, crops=count, dtype="int16")
        batches = LocalBatches(crops, 20, workers=2)
        loader = DataLoader(crops, batch_sampler=batches, num_workers=2)
        begin = time.perf_counter()
        done = sum(len(batch) for batch in loader)
        rows.append([name, f"{done / (time.perf_counter() - begin):.0f}"])
    return rows


def loader_rows(corpus: Path, folder: Path) -> list[list[str]]:
    """Million samples a second that workers make of a prepared dataset."""
    begin = time.perf_counter()
    report = prepare([corpus], folder / "dataset", PrepareSettings(16000, channels=1))
    seconds = time.perf_counter() - begin
    hours = sum(each.frames for each in report.manifest.recordings) / 16000 / 3600
    print(f"prepared {hours:.2f} hours in {seconds:.1f} s\n")
    dataset = open_dataset(folder / "dataset")
    rows = []
    for label, augment in (("none", ()), ("all seven", [{"name": name} for name in AUGMENT])):
        for workers in (0, 1, 2):
            settings = CropSettings(8192, 32, context=1024, augment=augment)
            batches = CropLoader(dataset, "train", settings, 1).batches(0, workers)
            next(batches)
            begin = time.perf_counter()
            count = 20 if augment else 300
            samples = sum(next(batches).samples.numel() for _ in range(count))
            rate = samples / (time.perf_counter() - begin) / 1e6
            batches.close()
            rows.append([label, str(workers), f"{rate:.1f}"])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--category", default="music")
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--crops", type=int, default=600)
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        waves, rate = join(a.corpus, a.category, folder, a.minutes)
        header = ["archive", "crops of 2 s", "a second of CPU", "flac = 1"]
        print(format_table(header, archive_rows(waves, rate, folder, a.crops), markdown=True))
        header = ["archive, `LocalBatches`, 4 x the audio", "crops a second, 2 workers"]
        print(format_table(header, with_workers(folder, rate), markdown=True))
        header = ["augmentations", "workers", "million samples a second"]
        print(format_table(header, loader_rows(a.corpus, folder), markdown=True))


if __name__ == "__main__":
    main()
