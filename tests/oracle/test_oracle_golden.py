"""The frozen streams, decoded by a decoder that only the specification has made."""

from __future__ import annotations

import ast
import hashlib
import json
import struct
import sys
from pathlib import Path
from typing import Any

import pytest

from oracle.container import SpecError
from oracle.decoder import decode_stream

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"
ROWS = json.loads((GOLDEN / "manifest.json").read_text(encoding="utf-8"))
# predictors of third parties, whom the specification does not describe
FOREIGN = ("generic", "generic-taps")


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row["name"] not in FOREIGN],
    ids=lambda row: row["name"],
)
def test_frozen_stream(row: dict[str, Any]):
    decoded = decode_stream((GOLDEN / f"{row['name']}.nlac").read_bytes())
    told = (decoded.channels, decoded.bits_per_sample, decoded.is_float, len(decoded.frames[0]))
    assert told == (row["channels"], row["bits"], row["float"], row["frames"])
    width, kind = (4, "I") if row["float"] else ((row["bits"] + 7) // 8, "i")
    digest = hashlib.md5()
    for frame in zip(*decoded.frames, strict=True):
        for sample in frame:
            digest.update(struct.pack(f"<{kind}", sample)[:width])
    assert digest.hexdigest() == row["pcm_md5"]
    original = decoded.original and hashlib.sha256(decoded.original).hexdigest()
    assert original == row["original_sha256"]


def test_the_decoder_runs_nothing_of_the_product():
    modules = (
        "attachments decisions granules origin synthesis "
        "cascade cascade_mixture cascade_predict cascade_solve cascade_stages "
        "coding container decoder floats lpc network_block networks payload prefilter samples "
        "slices value_sets"
    )
    for module in modules.split():
        text = Path(__file__).with_name(f"{module}.py").read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            tops = {name.split(".")[0] for name in names}
            assert tops <= {"oracle", *sys.stdlib_module_names}, module


@pytest.mark.parametrize("name", FOREIGN)
def test_predictor_that_is_not_known_is_named(name):
    with pytest.raises(SpecError, match="predictor 35388 is not known"):
        decode_stream((GOLDEN / f"{name}.nlac").read_bytes())
