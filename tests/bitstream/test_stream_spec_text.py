"""The specification as a document: contents, numbering, references, tables."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SPEC = (ROOT / "format_spec.md").read_text(encoding="utf-8")
HEADINGS = [
    (len(marks), title) for marks, title in re.findall(r"^(#{2,5}) (.+)$", SPEC, re.MULTILINE)
]
NUMBERS = {title.split()[0].rstrip(".") for _, title in HEADINGS}
TEXT, REFERENCES = SPEC.split("\n## 18. References\n")


def anchor(title: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def test_contents_list_all_headings_in_order():
    contents = SPEC.split("\n## Contents\n")[1].split("\n## ")[0]
    entries = re.findall(r"^( *)- \[(.+)\]\(#(.+)\)$", contents, re.MULTILINE)
    found = [(len(indent) // 2 + 2, title) for indent, title, _ in entries]
    assert found == [heading for heading in HEADINGS if heading[1] != "Contents"]
    anchors = [target for *_, target in entries]
    assert anchors == [anchor(title) for _, title in found]
    assert len(set(anchors)) == len(anchors)


def test_sections_are_numbered_without_gaps():
    counters: list[int] = []
    for level, title in HEADINGS:
        if title == "Contents":
            continue
        depth = level - 1
        counters = [*counters[:depth], *[0] * (depth - len(counters))]
        counters[-1] += 1
        number = title.split()[0]
        assert number.rstrip(".") == ".".join(map(str, counters)), title
        assert number.endswith(".") == (depth == 1), title


def test_sections_that_the_text_names_exist():
    own = re.sub(r"\[RFC\d+\], section [\d.]+\d", "", TEXT)
    own = re.sub(r"`[^`]*`", "", own)
    named = re.findall(r"\b[Ss]ections? (\d+(?:\.\d+)*)", own)
    named += re.findall(r"(?<![\d.^])((?:[5-9]|1[0-8])(?:\.\d{1,2}){1,3})(?![\d.])", own)
    assert len(named) > 200
    assert not set(named) - NUMBERS


def sources() -> list[Path]:
    folders = [ROOT / name for name in ("nlac", "tests", "docs", "tools")]
    files = [path for folder in folders for path in folder.rglob("*")]
    return [*ROOT.glob("*.md"), *(path for path in files if path.suffix in (".py", ".md"))]


def test_sections_that_sources_name_exist():
    titles = {title.partition(" ")[2] for _, title in HEADINGS}
    for path in sources():
        text = re.sub(r"RFC \d+, section [\d.]+\d", "", path.read_text(encoding="utf-8"))
        numbers = re.findall(r"\bspec (\d+(?:\.\d+)*)", text)
        numbers += re.findall(r"\b[Ss]ections? (11(?:\.\d+)*)", text)
        assert not set(numbers) - NUMBERS, path
        named = re.findall(r'spec,\s+sections?\s+"([^"]+)"(?:\s+and\s+"([^"]+)")?', text)
        assert not {title for pair in named for title in pair if title} - titles, path


def test_works_cited_are_those_listed():
    cited = re.findall(r"\[([A-Z]{2,}\d*)\]", TEXT)
    listed = re.findall(r"^- \[([A-Z]{2,}\d*)\] ", REFERENCES, re.MULTILINE)
    assert set(cited) == set(listed)
    links = re.findall(r"^\[([A-Z]{2,}\d*)\]: ", REFERENCES, re.MULTILINE)
    assert sorted(links) == sorted(listed)
    normative, informative = REFERENCES.split("### 18.2 Informative references\n")
    for part in (normative, informative):
        names = re.findall(r"^- \[(.+?)\] ", part, re.MULTILINE)
        stems = [(re.sub(r"\d", "", name), int(re.sub(r"\D", "", name) or 0)) for name in names]
        assert stems == sorted(stems)


def test_structures_have_tables_of_one_shape():
    heads = re.findall(r"^\| Field .*$", SPEC, re.MULTILINE)
    assert len(heads) > 25
    assert set(heads) == {"| Field | Type | Description |"}


def test_rows_have_as_many_cells_as_their_head():
    for table in re.findall(r"(?:^\|.*\n)+", SPEC, re.MULTILINE):
        cells = [len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()]
        assert len(set(cells)) == 1, table.splitlines()[0]


def test_memory_of_a_small_decoder():
    section = SPEC.split(" 12.3 Small-decoder profile\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    table = {name.strip(): (most, sizes.strip()) for name, most, sizes in rows[-9:]}
    shapes = [(channels, 65536 // channels) for channels in range(1, 9)]
    segments = [(n + 64) // 256 + 1 for _, n in shapes]
    coefficients = [322 * c * s for (c, _), s in zip(shapes, segments, strict=True)]
    fields = [(4 * c + 2) * s for (c, _), s in zip(shapes, segments, strict=True)]
    assert f" {max(segments)} " in table["segments"][0]
    assert f" {max(coefficients)} " in table["coefficients, of 24 bits each"][0]
    assert int(table["coefficients, of 24 bits each"][1]) == 4 * max(coefficients)
    assert int(table["fields of segments"][1]) == max(fields)
    *sizes, total = [int(size) for _, size in table.values() if size]
    assert sum(sizes) == total < 640 * 1024


def test_vectors_are_those_of_the_manifest():
    rows = json.loads((ROOT / "tests/golden/v1/manifest.json").read_text(encoding="utf-8"))
    section = SPEC.split("\n## 17. Test vectors\n")[1].split("\n## ")[0]
    keys, vectors = section.split("| Name | What it proves |\n")
    cells = re.findall(r"^\| ([\w, -]+) \|", vectors, re.MULTILINE)[1:]
    assert sorted(", ".join(cells).split(", ")) == sorted(row["name"] for row in rows)
    cells = re.findall(r"^\| ([\w, -]+) \|", keys, re.MULTILINE)[2:]
    assert ", ".join(cells).split(", ") == list(rows[0])
