"""Files of a larger corpus, where one lies beside the repository."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

import nlac
from nlac.codec.transforms.pcm import pcm_bytes

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
SECONDS = 3.0
EACH = 2  # files of a category

pytestmark = pytest.mark.skipif(
    not (CORPUS / "MANIFEST.tsv").is_file(),
    reason="no corpus in ../shared/corpus beside the repository",
)


def chosen() -> list[dict[str, str]]:
    """The first files of every category, as the manifest describes them."""
    if not (CORPUS / "MANIFEST.tsv").is_file():
        return []
    found: dict[str, list[dict[str, str]]] = {}
    with (CORPUS / "MANIFEST.tsv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            # soundfile reads only 24 bits of 32-bit FLAC
            if row["bits"] in ("8", "16", "24") and (CORPUS / row["file"]).is_file():
                found.setdefault(row["category"], []).append(row)
    return [row for rows in found.values() for row in rows[:EACH]]


def test_corpus_has_files():
    assert len(chosen()) >= 4


def test_files_of_every_category_come_back():
    for row in chosen():
        bits = int(row["bits"])
        path = CORPUS / row["file"]
        frames = int(SECONDS * int(row["rate"]))
        samples, rate = soundfile.read(path, frames=frames, dtype="int32", always_2d=True)
        samples >>= 32 - bits
        out = io.BytesIO()
        nlac.write(out, samples, rate, bits_per_sample=bits, block_seconds=SECONDS / 2)
        back, found = nlac.read(out, always_2d=True)
        assert found == rate == int(row["rate"])
        np.testing.assert_array_equal(back, samples, err_msg=row["file"])
        assert len(out.getvalue()) < len(pcm_bytes(samples, bits)), row["file"]


def test_a_whole_file_is_the_one_of_the_manifest():
    row = next(row for row in chosen() if row["bits"] == "16")
    out = io.BytesIO()
    nlac.encode(CORPUS / row["file"], out, preset="fast", audio_only=True)
    samples, _rate = nlac.read(out, always_2d=True)
    data = samples.astype("<i2").tobytes()
    assert hashlib.sha256(data).hexdigest() == row["sha256"]
