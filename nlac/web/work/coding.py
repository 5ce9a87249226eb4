"""What a job of encoding does in its process: one codec, there and back, and the proof."""

from __future__ import annotations

import filecmp
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nlac._errors import NlacError, UnsupportedAudio
from nlac.codec.encoder.options import PresetName
from nlac.web.work.job import Report

# files of the table's peers may take as long as this
_TIMEOUT_SECONDS = 3600.0
PEERS = ("flac -8", "wavpack -hx")


def code_with_preset(
    report: Report, source: str, target: str, preset: PresetName
) -> Mapping[str, Any]:
    """Encode a file with a preset on one thread, decode it, and compare.

    Parameters
    ----------
    report : callable
        Told the progress: one half is encoding, the other decoding.
    source, target : str
        Audio file, which may be an nlac file (whose original is taken), and stream to write.
    preset : str
        Name of the preset.

    Returns
    -------
    mapping
        A row of the table, see `nlac.web.answers.Row`.
    """
    import nlac

    with tempfile.TemporaryDirectory(dir=Path(target).parent) as folder:
        original = original_of(Path(source), Path(folder))
        _warm_up(preset)
        begin = time.perf_counter()
        try:
            result = nlac.encode(
                original, target, preset=preset, threads=1, verify=False, audio_only=True,
                force=True, progress=_half(report, 0.0),
            )  # fmt: skip
        except UnsupportedAudio as error:
            raise NlacError(f"this is no audio that nlac reads: {error}") from None
        encoded = time.perf_counter()
        back = Path(folder, "back" + (original.suffix or ".wav" if result.restorable else ".wav"))
        decoded = nlac.decode(
            target, back, threads=1, force=True, progress=_half(report, 0.5),
        )  # fmt: skip
        end = time.perf_counter()
        same_file = result.restorable and filecmp.cmp(original, back, shallow=False)
        same = same_file or (not result.restorable and decoded.md5 == result.md5)
        return _row(
            original, Path(target), encoded - begin, end - encoded,
            samples=result.frames * result.channels, seconds=result.seconds,
        ) | {"exact": same, "proof": "file" if same_file else "samples"}  # fmt: skip


def code_with_peer(report: Report, source: str, target: str, label: str) -> Mapping[str, Any]:
    """Encode a file with another codec, decode it, and compare the samples.

    The parameters are those of `code_with_preset`, with the label of a peer of
    `nlac.bench.peers`.
    """
    from nlac.bench.peers import DEFAULT_PEERS, fill
    from nlac.bench.process import run_measured
    from nlac.bench.wav import pcm_digest, read_wav_info

    peer = next(peer for peer in DEFAULT_PEERS if peer.label == label)
    with tempfile.TemporaryDirectory(dir=Path(target).parent) as folder:
        original = original_of(Path(source), Path(folder))
        wav = _as_wav(original, Path(folder))
        info = read_wav_info(wav)
        if refusal := peer.refusal(info.bits, info.is_float, info.channels):
            raise NlacError(f"{label} {refusal}")
        back = Path(folder, "back.wav")
        values = {"pcm": info.pcm_name}
        encode = fill(peer.encode, input=str(wav), output=target, **values)
        decode = fill(peer.decode, input=target, output=str(back), **values)
        times = []
        for share, command in enumerate((encode, decode)):
            used = run_measured(command, timeout_s=_TIMEOUT_SECONDS)
            if used.error:
                raise NlacError(f"{label}: {used.error}")
            times.append(used.wall_s)
            report({"progress": 0.5 * (share + 1)})
        samples = round(info.seconds * info.sample_rate) * info.channels
        row = _row(original, Path(target), *times, samples=samples, seconds=info.seconds)
        return row | {"exact": pcm_digest(wav) == pcm_digest(back), "proof": "samples"}


def original_of(source: Path, folder: Path) -> Path:
    """Return a file itself, or of an nlac file the original, decoded into `folder`."""
    import nlac
    from nlac.bitstream.constants import MAGIC

    with open(source, "rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            return source
    info = nlac.info(source)
    original = folder / f"original{info.original_suffix or '.wav'}"
    nlac.decode(source, original, threads=1)
    return original


def _as_wav(original: Path, folder: Path) -> Path:
    """Return a file that is WAV, or its samples as such."""
    import nlac

    with open(original, "rb") as file:
        head = file.read(12)
    if head[:4] == b"RIFF" and head[8:] == b"WAVE":
        return original
    stream, wav = folder / "samples.nlac", folder / "samples.wav"
    nlac.encode(original, stream, preset="fast", strip_chunks=True, audio_only=True, threads=1)
    nlac.decode(stream, wav, threads=1)
    return wav


def _warm_up(preset: PresetName) -> None:
    """Load what the preset needs, so that it is not in the times."""
    import io

    import numpy as np

    import nlac

    file = io.BytesIO()
    nlac.write(file, np.arange(2000, dtype=np.int16).reshape(-1, 2), 44100, preset=preset)
    nlac.read(file.getvalue())


def _half(report: Report, begin: float) -> Callable[[int, int | None], None]:
    def progress(done: int, total: int | None) -> None:
        if total:
            report({"progress": round(begin + 0.5 * min(1.0, done / total), 3)})

    return progress


def _row(
    original: Path, coded: Path, encoding: float, decoding: float, *, samples: int, seconds: float
) -> dict[str, Any]:
    num_bytes, before = coded.stat().st_size, original.stat().st_size
    return {
        "bytes": num_bytes,
        "share": num_bytes / before if before else 0.0,
        "bits_per_sample": 8 * num_bytes / samples if samples else 0.0,
        "encode_seconds": round(encoding, 4),
        "decode_seconds": round(decoding, 4),
        "encode_speed": round(seconds / encoding, 2),
        "decode_speed": round(seconds / decoding, 2),
        "progress": 1.0,
    }
