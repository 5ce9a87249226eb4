"""Draw docs/modules.svg: the folders of the package, and the imports between them.

    python tools/draw_modules.py [FILE]

A box is a folder of modules. An arrow leads from a folder to one that it imports; its width grows
with the number of imports. A folder stands one floor above the highest folder that it imports.
Modules of the package itself (`nlac/_errors.py` and the like), which everything imports, are left
out. The picture depends on the sources only, so a test can compare it.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from math import log2
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "nlac"
# folders of these are boxes of their own; deeper ones belong to the box of the folder above
SPLIT = ("codec", "predictors")
BOX_WIDTH, BOX_HEIGHT = 184, 50
GAP_X, GAP_Y, MARGIN = 72, 84, 28
SWEEPS = 8
COLOURS = ("#1b6ca8", "#b5651d", "#3a7d44", "#7b4b94", "#a83246", "#4a6670", "#8a7a1f", "#2f7f7f")

Edges = Counter[tuple[str, str]]


class Box(NamedTuple):
    """A folder in the picture; x and y are its left upper corner."""

    name: str
    modules: int
    x: int
    y: int


def folder_of(parts: tuple[str, ...]) -> str:
    """Box of a module, given its path below the package without suffix; "" for none."""
    if len(parts) < 2:
        return ""
    if parts[0] in SPLIT and len(parts) > 2:
        return "/".join(parts[:2])
    return parts[0]


def read_package() -> tuple[Counter[str], Edges]:
    """Count the modules of each folder, and the imports between folders."""
    modules: Counter[str] = Counter()
    edges: Edges = Counter()
    for path in sorted(PACKAGE.rglob("*.py")):
        folder = folder_of(path.relative_to(PACKAGE).with_suffix("").parts)
        if not folder:
            continue
        if path.name != "__init__.py":
            modules[folder] += 1
        for target in imports_of(path):
            if target and target != folder:
                edges[folder, target] += 1
    # a folder of folders only has no box
    edges = Counter({pair: n for pair, n in edges.items() if modules[pair[0]] and modules[pair[1]]})
    return +modules, edges


def imports_of(path: Path) -> list[str]:
    """Folders that a module imports, once for each imported module, at any place in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {module_of(node.module, alias.name) for alias in node.names}
    # the package itself gives out the names of the interface
    names = {"nlac.api" if name == "nlac" else name for name in names}
    inner = sorted(name for name in names if name.startswith("nlac."))
    return [folder_of((*name.split(".")[1:], "")[: name.count(".") + is_folder(name)])
            for name in inner]  # fmt: skip


def module_of(module: str, name: str) -> str:
    """Full name of a module, whether `from` names it or the folder that it is in."""
    inner = ROOT.joinpath(*module.split("."), name)
    return f"{module}.{name}" if inner.is_dir() or inner.with_suffix(".py").is_file() else module


def is_folder(name: str) -> bool:
    """Whether a dotted name is that of a folder."""
    return ROOT.joinpath(*name.split(".")).is_dir()


def reachable(start: str, edges: Edges) -> set[str]:
    """All folders that a folder imports, directly or through others."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        folder = waiting.pop()
        for source, target in edges:
            if source == folder and target not in found:
                found.add(target)
                waiting.append(target)
    return found


def floors_of(folders: list[str], edges: Edges) -> dict[str, int]:
    """Floor of each folder, from 0; folders that import each other share one."""
    below = {folder: reachable(folder, edges) for folder in folders}
    floors: dict[str, int] = {}

    def floor(folder: str) -> int:
        if folder not in floors:
            group = {other for other in below[folder] if folder in below[other]} | {folder}
            lower = set().union(*(below[each] for each in group)) - group
            level = max((floor(each) + 1 for each in lower), default=0)
            floors.update(dict.fromkeys(group, level))
        return floors[folder]

    for folder in folders:
        floor(folder)
    return floors


def arrange(folders: list[str], floors: dict[str, int], edges: Edges) -> list[list[str]]:
    """Order the boxes of each floor, so that arrows cross less (barycentre method)."""
    rows = [[f for f in folders if floors[f] == level] for level in range(max(floors.values()) + 1)]
    place = {name: i - (len(row) - 1) / 2 for row in rows for i, name in enumerate(row)}
    near: dict[str, list[str]] = {name: [] for name in folders}
    for source, target in sorted(edges):
        near[source].append(target)
        near[target].append(source)
    for _ in range(SWEEPS):
        for row in rows:
            row.sort(key=lambda f: (sum(place[n] for n in near[f]) / max(len(near[f]), 1), f))
            place.update({name: i - (len(row) - 1) / 2 for i, name in enumerate(row)})
    return rows


def place_boxes(rows: list[list[str]], modules: Counter[str]) -> dict[str, Box]:
    """Positions of all boxes; the highest floor comes first."""
    width = max(len(row) for row in rows) * (BOX_WIDTH + GAP_X) - GAP_X
    boxes = {}
    for level, row in enumerate(reversed(rows)):
        left = MARGIN + (width - len(row) * (BOX_WIDTH + GAP_X) + GAP_X) // 2
        for i, name in enumerate(row):
            x, y = left + i * (BOX_WIDTH + GAP_X), MARGIN + level * (BOX_HEIGHT + GAP_Y)
            boxes[name] = Box(name, modules[name], x, y)
    return boxes


def draw_edge(source: Box, target: Box, count: int, colour: str) -> str:
    """An arrow as SVG: down from floor to floor, or an arc between boxes of one floor."""
    x1, x2 = source.x + BOX_WIDTH // 2, target.x + BOX_WIDTH // 2
    # arrows end apart from each other, in the order in which they come in
    x1 += max(-60, min(60, (x2 - x1) // 8))
    x2 += max(-60, min(60, (x1 - x2) // 8))
    if source.y == target.y:
        y1 = y2 = source.y + BOX_HEIGHT
        bend = f"C{x1} {y1 + 44} {x2} {y2 + 44}"
    else:
        y1, y2 = source.y + BOX_HEIGHT, target.y - 4
        half = (y2 - y1) // 2
        bend = f"C{x1} {y1 + half} {x2} {y2 - half}"
    width = round(1 + log2(count) / 2, 2)
    return (
        f'<path d="M{x1} {y1} {bend} {x2} {y2}" stroke="{colour}" stroke-width="{width}" '
        f'marker-end="url(#{colour[1:]})"><title>{source.name} imports {target.name}: {count}'
        "</title></path>"
    )


def draw_box(box: Box) -> str:
    """A box as SVG: the name of the folder, and how many modules it has."""
    middle = box.x + BOX_WIDTH // 2
    word = "module" if box.modules == 1 else "modules"
    return (
        f'<rect x="{box.x}" y="{box.y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6"/>'
        f'<text x="{middle}" y="{box.y + 22}" class="name">{box.name}</text>'
        f'<text x="{middle}" y="{box.y + 39}">{box.modules} {word}</text>'
    )


def draw() -> str:
    """The picture as the text of an SVG file."""
    modules, edges = read_package()
    folders = sorted(modules)
    rows = arrange(folders, floors_of(folders, edges), edges)
    boxes = place_boxes(rows, modules)
    width = max(box.x for box in boxes.values()) + BOX_WIDTH + MARGIN
    height = max(box.y for box in boxes.values()) + BOX_HEIGHT + MARGIN
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(folders)}
    # wide arrows first, so that narrow ones stay visible
    order = sorted(edges, key=lambda pair: (-edges[pair], pair))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">',
        "<title>Folders of nlac and the imports between them</title>",
        "<style>text{font:12px sans-serif;text-anchor:middle;fill:#444}"
        ".name{font-size:14px;font-weight:bold;fill:#111}"
        "rect{fill:#fff;stroke:#333}path{fill:none;stroke-opacity:.55}</style>",
        "<defs>",
        *(
            f'<marker id="{colour[1:]}" markerWidth="9" markerHeight="8" refX="6" refY="4" '
            f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 L9 4 L0 8 z" '
            f'style="fill:{colour};stroke:none"/></marker>'
            for colour in COLOURS
        ),
        "</defs>",
        f'<rect width="{width}" height="{height}" style="stroke:none"/>',
        *(draw_edge(boxes[a], boxes[b], edges[a, b], colours[a]) for a, b in order),
        *(draw_box(boxes[name]) for name in folders),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the picture to the file that is named, or to docs/modules.svg."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/modules.svg"
    path.write_text(draw(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
