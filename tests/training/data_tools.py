"""Small folders in the layouts of corpora, and sounds to fill them with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import soundfile

from nlac.training.data import PrepareSettings, open_dataset, prepare

RATE = 8000


def tone(seed: int, frames: int = 2000, channels: int = 1) -> np.ndarray:
    """A sine with noise, (frames, channels) int16, another for each seed."""
    rng = np.random.default_rng(seed)
    wave = 6000 * np.sin(np.arange(frames) * rng.uniform(0.05, 0.5))[:, None]
    return np.rint(wave + rng.normal(0, 300, (frames, channels))).astype(np.int16)


def put(path: Path, samples: np.ndarray, rate: int = RATE, subtype: str = "PCM_16") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, subtype)
    return path


def librispeech(top: Path) -> Path:
    """Three subsets, a speaker and a chapter each, two utterances a chapter."""
    root = top / "LibriSpeech"
    subsets = (("train-clean-100", "103"), ("dev-other", "116"), ("test-clean", "61"))
    for i, (subset, speaker) in enumerate(subsets):
        chapter = root / subset / speaker / "1240"
        lines = []
        for k in range(2):
            name = f"{speaker}-1240-{k:04d}"
            put(chapter / f"{name}.flac", tone(10 * i + k))
            lines.append(f"{name} WORDS OF {name}")
        (chapter / f"{speaker}-1240.trans.txt").write_text("\n".join(lines) + "\n")
    (root / "SPEAKERS.TXT").write_text(
        ";ID  |SEX| SUBSET           |MINUTES| NAME\n"
        "103  | F | train-clean-100  | 25.00 | A B\n61   | M | test-clean | 8.00 | C\n"
    )
    (root / "LICENSE.TXT").write_text("see https://creativecommons.org/licenses/by/4.0/ for it")
    return root


def vctk(top: Path) -> Path:
    """Three speakers, five utterances, two microphones."""
    root = top / "VCTK"
    (root / "txt").mkdir(parents=True)
    for s, speaker in enumerate(("p225", "p226", "p315")):
        for k in range(1, 6):
            name = f"{speaker}_{k:03d}"
            for mic in (1, 2):
                folder = root / "wav48_silence_trimmed" / speaker
                put(folder / f"{name}_mic{mic}.flac", tone(100 * s + 10 * k + mic))
            if speaker != "p315":
                (root / "txt" / speaker).mkdir(exist_ok=True)
                (root / "txt" / speaker / f"{name}.txt").write_text(f"Please call {name}.\n")
    (root / "speaker-info.txt").write_text(
        "ID  AGE  GENDER  ACCENTS  REGION COMMENTS\n"
        "p225  23  F    English    Southern  England\n226  22  M    English  Surrey\n"
    )
    return root


def nsynth(top: Path) -> Path:
    """Two splits with two notes each."""
    root = top / "nsynth"
    for s, split in enumerate(("train", "valid")):
        examples = {}
        for k in range(2):
            name = f"bass_synthetic_{s:03d}-{40 + k:03d}-100"
            put(root / f"nsynth-{split}" / "audio" / f"{name}.wav", tone(1000 + 10 * s + k))
            examples[name] = {
                "note_str": name, "pitch": 40 + k, "velocity": 100,
                "instrument_str": f"bass_synthetic_{s:03d}", "instrument_family_str": "bass",
                "instrument_source_str": "synthetic", "sample_rate": RATE,
            }  # fmt: skip
        (root / f"nsynth-{split}" / "examples.json").write_text(json.dumps(examples))
    return root


def made(tmp_path: Path, *recordings: Path, **settings):
    report = prepare(recordings, tmp_path / "set", PrepareSettings(**{"rate": RATE} | settings))
    return report, open_dataset(tmp_path / "set")


def samples_by_name(dataset) -> dict[str, np.ndarray]:
    return {each.name: dataset.read(i) for i, each in enumerate(dataset.recordings)}
