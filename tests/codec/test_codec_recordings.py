"""Real recordings: exact in every preset, and smaller than FLAC's best."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

import nlac

DATA = Path(__file__).resolve().parents[1] / "data"
FILES = sorted(path for path in DATA.iterdir() if path.suffix in (".wav", ".flac"))
PRESETS = ("fast", "standard", "high", "max", "neural")
# the FLAC files are what `flac -8 -e -p --no-padding` makes; this is what it makes of the others
FLAC_BYTES = {"loop.wav": 184_786}


def load(path: Path) -> tuple[np.ndarray, int, int]:
    """Samples (right-justified), rate and bits."""
    facts = soundfile.info(path)
    bits = int(facts.subtype.removeprefix("PCM_"))
    samples, rate = soundfile.read(path, dtype="int32", always_2d=True)
    return samples >> (32 - bits), rate, bits


def encoded(path: Path, **options) -> bytes:
    samples, rate, bits = load(path)
    out = io.BytesIO()
    nlac.write(out, samples, rate, bits_per_sample=bits, **options)
    return out.getvalue()


def test_recordings_are_there():
    assert {path.name for path in FILES} == {
        "channels.flac",
        "hires.flac",
        "loop.wav",
        "music.flac",
        "speech.flac",
    }
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    assert all(f"`{path.name}`" in readme for path in FILES)
    assert sum(path.stat().st_size for path in FILES) < 3_000_000


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_recordings_come_back(path, preset):
    samples, rate, _bits = load(path)
    data = encoded(path, preset=preset)
    back, found = nlac.read(data, always_2d=True)
    assert found == rate
    np.testing.assert_array_equal(back, samples)


@pytest.mark.parametrize("coder", ["range", "rice"])
def test_recordings_with_either_coder(coder):
    for path in FILES:
        samples, _rate, _bits = load(path)
        data = encoded(path, preset="fast", coder=coder, block_seconds=0.7)
        np.testing.assert_array_equal(nlac.read(data, always_2d=True)[0], samples)


def test_files_come_back_byte_for_byte():
    """Every file as a file; those that are not WAV as the audio in them."""
    wav = (DATA / "loop.wav").read_bytes()
    out, back = io.BytesIO(), io.BytesIO()
    result = nlac.encode(io.BytesIO(wav), out)
    assert result.frames == 141120
    nlac.decode(out.getvalue(), back)
    assert back.getvalue() == wav


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_recordings_are_smaller_than_flac(path):
    flac = FLAC_BYTES[path.name] if path.suffix == ".wav" else path.stat().st_size
    assert len(encoded(path, preset="fast")) < flac
    assert len(encoded(path, preset="standard")) < 0.995 * flac


def test_loop_repeats():
    path = DATA / "loop.wav"
    standard = len(encoded(path))
    assert standard < 0.85 * len(encoded(path, long_term=False))


def test_rice_on_recordings():
    for path in FILES:
        if path.stem == "channels":  # mostly silence, where a Rice code still takes a bit a sample
            continue
        rice, best = (len(encoded(path, coder=coder)) for coder in ("rice", "range"))
        # where a loop repeats, only the range coder learns how small the residuals are
        assert rice < (1.10 if path.stem == "loop" else 1.06) * best


def test_floats_of_recordings():
    for path in FILES:
        samples, rate, bits = load(path)
        floats = (samples / 2.0 ** (bits - 1)).astype(np.float32)
        out = io.BytesIO()
        nlac.write(out, floats, rate, preset="fast")
        back, _rate = nlac.read(out, always_2d=True)
        np.testing.assert_array_equal(back.view(np.int32), floats.view(np.int32))
        assert len(out.getvalue()) < 1.001 * len(encoded(path, preset="fast")) + 100
