"""The specification and the code say the same."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest

import nlac
from nlac.bitstream import constants as c
from nlac.codec.pcm import pcm_bytes
from nlac.codec.stream_reader import read_elements

SPEC = (Path(nlac.__file__).parent.parent / "format_spec.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """Cells of all tables under a heading."""
    section = re.split(r"^#+ ", SPEC.split(f" {heading}\n", 1)[1], flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_limits():
    values = {row[0]: row[1] for row in rows("12. Limits")[2:]}
    assert len(values) == 12
    for name, value in values.items():
        assert getattr(c, name) == int(value), name


def test_marks():
    for name, cell, _begins in rows("4. Marks")[2:]:
        digits = re.match(r"`([0-9A-F ]+)`", cell)[1]
        assert getattr(c, name) == bytes.fromhex(digits), name


def test_numbers_with_names():
    predictors = {int(i): name for i, name in rows("5.1 Predictors")[3:] if i.isdigit()}
    assert predictors == c.PREDICTOR_NAMES
    assert {int(row[0]): row[1] for row in rows("5.2 Coders")[2:]} == c.CODER_NAMES
    types = {int(row[0]): row[1] for row in rows("6.2 Types")[2:] if row[0].isdigit()}
    assert types == c.ITEM_NAMES


def test_md5_input():
    for bits, sample, data in rows("9. MD5 of the samples")[2:]:
        if bits == "float32":
            samples = np.array([[float(sample)]], np.float32)
        else:
            samples = np.array([[int(sample)]], np.int32)
        depth = 32 if bits == "float32" else int(bits)
        assert pcm_bytes(samples, depth) == bytes.fromhex(data.strip("`"))


def example(heading: str) -> bytes:
    cells = "".join(row[0] for row in rows(heading)[2:])
    return bytes.fromhex(cells.replace("`", " "))


def test_example_without_frames():
    data = example("16.1 A stream of no frames")
    assert len(list(read_elements(io.BytesIO(data)))) == 3
    info = nlac.info(data)
    assert (info.num_frames, info.sample_rate, info.tags) == (0, 8000, {"A": ["b"]})
    for length in range(len(data)):
        with pytest.raises(nlac.FormatError):
            nlac.info(data[:length])
