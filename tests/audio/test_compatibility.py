"""The files of findings/files_through_programs.sh, which docs/compatibility.md has a table of."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

import nlac

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "findings" / "files_through_programs.sh"
PAGE = ROOT / "docs" / "compatibility.md"


def made() -> dict[str, bytes]:
    """The files, as the script makes them."""
    if not SCRIPT.is_file():
        return {}
    text = SCRIPT.read_text(encoding="utf-8").partition("<<'PY'\n")[2]
    names: dict[str, Any] = {}
    exec(text.partition("\n# file or other")[0], names)
    files: dict[str, bytes] = names["files"]
    return files


FILES = made()


@pytest.mark.parametrize("name", FILES)
def test_every_file_comes_back(name, tmp_path):
    """Complaints 1, 2, 6, 7 and 8: byte for byte, with all frames, without a flag."""
    source = tmp_path / f"in{Path(name).suffix}"
    source.write_bytes(FILES[name])
    done = nlac.encode(source, tmp_path / "x.nlac", preset="fast")
    assert (done.frames, done.restorable) == (1001, True)
    assert bool(done.warnings) == name.startswith("sizes of")
    nlac.decode(tmp_path / "x.nlac", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == FILES[name]


@pytest.mark.skipif(not FILES, reason="the folder findings is not here")
def test_depths_are_the_true_ones(tmp_path):
    for name, bits in (("20 bits in 24.wav", 20), ("8 bits, odd, pad byte.wav", 8)):
        source = tmp_path / "in.wav"
        source.write_bytes(FILES[name])
        nlac.encode(source, tmp_path / "x.nlac", preset="fast", force=True)
        facts = nlac.info(tmp_path / "x.nlac")
        samples, _ = nlac.read(tmp_path / "x.nlac")
        assert facts.bits_per_sample == bits
        # as FLAC has it: signed, right-justified, in whole bytes
        width = (bits + 7) // 8
        data = b"".join(int(x).to_bytes(width, "little", signed=True) for x in samples)
        assert facts.md5 == hashlib.md5(data).hexdigest()


@pytest.mark.skipif(not FILES, reason="the folder findings is not here")
def test_the_page_has_the_table_of_the_script():
    page = PAGE.read_text(encoding="utf-8")
    cells = [line.split("|")[1:8] for line in page.splitlines() if line.count("|") == 9]
    told = {name.strip(): tuple(each.strip() for each in rest) for name, *rest in cells}
    expected = SCRIPT.read_text(encoding="utf-8").partition('EXPECTED = """')[2].partition('"""')[0]
    found = {}
    for line in expected.strip().splitlines():
        name, *values = re.split(r"\s{2,}|(?<=\S) (?=other|file|-)", line)
        found[name] = tuple(" ".join(values).split())
    assert {name: told.get(name) for name in found} == found
