"""The pages of the recipes tell the shapes, sizes and configurations of the code."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytest.importorskip("yaml", reason="PyYAML is not installed")

import nlac.training
from nlac.training.config.experiment import read_experiment

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs/recipes"
CONFIGS = sorted(path.stem for path in (ROOT / "recipes").glob("*.yaml") if "-" not in path.stem)


@pytest.fixture(scope="module")
def tool() -> dict:
    return runpy.run_path(str(ROOT / "tools/recipe_tables.py"))


def test_there_is_a_page_for_each_recipe():
    assert {*CONFIGS, "lpc"} <= {path.stem for path in PAGES.glob("*.md")}
    for name in CONFIGS:
        text = (PAGES / f"{name}.md").read_text(encoding="utf-8")
        for part in ("<!-- sizes", "<!-- shapes", "nlac train recipes/"):
            assert f"{part}{'' if part.endswith('/') else ' '}{name}" in text
        for heading in ("Sizes", "Shapes at every layer", "Training", "A run"):
            assert f"\n## {heading}\n" in text


@pytest.mark.parametrize("name", CONFIGS)
def test_tables_are_those_of_the_code(name: str, tool: dict):
    text = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    assert tool["filled"](text) == text, "python tools/recipe_tables.py fills them in"


@pytest.mark.parametrize("name", CONFIGS)
def test_parameters_of_the_parts_add_up(name: str):
    text = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    table = text.split(f"<!-- shapes {name} -->")[1].split("<!-- end -->")[0]
    rows = [line.split("|") for line in table.splitlines()[3:] if line]
    *parts, total = [int(row[4].replace(",", "").strip() or 0) for row in rows]
    model = read_experiment(ROOT / f"recipes/{name}.yaml").recipe().build()
    assert sum(parts) == total == sum(each.numel() for each in model.parameters())


def test_commands_on_the_pages_name_settings_that_exist():
    for page in PAGES.glob("*.md"):
        text = page.read_text(encoding="utf-8")
        for line in re.findall(r"^ {4}nlac train (recipes/.*)$", text, re.M):
            config = line.split()[0]
            keys = re.findall(r"--set '?([\w.]+)=", line)
            experiment = read_experiment(ROOT / config)
            for section, field in (key.split(".") for key in keys):
                assert field in experiment.as_dict()[section], line


def test_the_baseline_runs_as_written(capsys):
    text = (PAGES / "lpc.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (told,) = re.findall(r"```text\n(.*?)```", text, re.DOTALL)
    exec(compile(code, "lpc.md", "exec"), {})
    given, wanted = (
        [float(value) for value in re.findall(r"\d+\.\d+", each)]
        for each in (capsys.readouterr().out, told)
    )
    assert given == pytest.approx(wanted, abs=0.02)
    assert len(given) == 18


def test_the_package_exports_what_it_lists():
    names = nlac.training.__all__
    assert sorted(names) == sorted(set(names))
    for name in names:
        assert getattr(nlac.training, name).__doc__
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = nlac.training.nothing
