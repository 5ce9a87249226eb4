"""What is shipped, and that it says of itself what is so."""

from __future__ import annotations

import email
import importlib.metadata
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import nlac
from nlac.kernels.mode import MODE, Mode

ROOT = Path(__file__).resolve().parents[1]
CONFIGURED = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = CONFIGURED["project"]
REQUIRED = CONFIGURED["tool"]["hatch"]["metadata"]["hooks"]["custom"]["dependencies"]
# what is no module, by its name in the wheel
DATA = {
    name: ROOT / name
    for name in (
        "nlac/py.typed",
        "nlac/bitstream/distribution.bin",
        "nlac/predictors/networks/gates.bin",
        "nlac/entropy/logistic.bin",
        "nlac/predictors/origin/layer3.bin",
        "nlac/predictors/origin/aac/aac.bin",
        "nlac/models/cnn.nlacm",
        "nlac/models/cnn-rls.nlacm",
        "nlac/models/gru.nlacm",
        "nlac/models/gru-rls.nlacm",
        "nlac/models/neural.nlacm",
    )
}
DATA |= {
    path.relative_to(ROOT).as_posix(): path
    for folder in ("nlac/views", "nlac/web/static")
    for path in (ROOT / folder).rglob("*")
    if path.is_file() and path.suffix not in (".py", ".pyc")
}
DATA |= {f"nlac/training/shipped/{path.name}": path for path in (ROOT / "recipes").glob("*.yaml")}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    """The package as it is installed where kernels can't be compiled, built without network."""
    builder = pytest.importorskip("hatchling.builders.wheel", reason="hatchling is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NLAC_PURE", "1")
        builds = builder.WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
        (built,) = builds
    return zipfile.ZipFile(built)


def test_a_wheel_without_kernels_needs_numba(wheel):
    (path,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    needed = email.message_from_bytes(wheel.read(path)).get_all("Requires-Dist", [])
    assert [line for line in needed if line.startswith("numba") and "extra" not in line]
    assert not [name for name in wheel.namelist() if "/built/" in name]
    assert wheel.filename.endswith("-py3-none-any.whl")


@pytest.mark.skipif(MODE is not Mode.AHEAD, reason="no kernels are installed")
def test_a_wheel_with_kernels_does_without_numba():
    needed = importlib.metadata.requires("nlac")
    always = {re.match(r"[\w-]+", line)[0] for line in needed if "extra ==" not in line}
    assert always == {re.match(r"[\w-]+", line)[0] for line in REQUIRED}
    assert "numba" not in always


def test_wheels_are_compiled_with_a_release_that_is_admitted():
    (built,) = (line for line in CONFIGURED["build-system"]["requires"] if "numba" in line)
    (admitted,) = PROJECT["optional-dependencies"]["jit"]
    assert Version(built.partition("==")[2]) in Requirement(admitted).specifier


def test_wheel_holds_what_is_no_module(wheel):
    names = set(wheel.namelist())
    assert names >= DATA.keys()
    for name, path in DATA.items():
        assert wheel.read(name) == path.read_bytes()


def test_wheel_holds_every_module_and_nothing_else(wheel):
    outside = re.compile(r"[^/]+\.(dist-info|data)/")
    shipped = {name for name in wheel.namelist() if not outside.match(name)}
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "nlac").rglob("*.py")}
    assert shipped == modules | DATA.keys()


def test_wheel_installs_man_pages_completions_and_the_file_type(wheel):
    shared = f"nlac-{nlac.__version__}.data/data/share/"
    installed = {
        name.removeprefix(shared): wheel.read(name).decode()
        for name in wheel.namelist()
        if name.startswith(shared)
    }
    assert {"man/man1/nlac.1", "mime/packages/nlac.xml"} < installed.keys()
    assert "bash-completion/completions/nlac" in installed
    for place, text in installed.items():
        assert text == (ROOT / "share" / place).read_text(encoding="utf-8")


def test_wheel_offers_the_codecs_of_arrays(wheel):
    (points,) = [name for name in wheel.namelist() if name.endswith("/entry_points.txt")]
    assert "nlac.storage.zarr_codec:NlacCodec" in wheel.read(points).decode()


def test_wheel_carries_the_licence(wheel):
    assert any(name.endswith("/licenses/LICENSE") for name in wheel.namelist())


def test_version_is_the_same_everywhere(wheel):
    assert PROJECT["version"] == nlac.__version__
    assert f"/nlac-{nlac.__version__}-py3-none-any.whl" in Path(wheel.filename or "").as_posix()
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[(\d[^\]]*)\]", changes, re.MULTILINE)
    assert newest is not None
    assert newest[1] == nlac.__version__


def test_the_installed_version_is_this_one():
    try:
        installed = importlib.metadata.distribution("nlac")
    except importlib.metadata.PackageNotFoundError:
        # run from the sources
        assert Path(nlac.__file__).is_relative_to(ROOT)
        return
    assert installed.version == nlac.__version__
    (script,) = installed.entry_points.select(group="console_scripts", name="nlac")
    assert script.value == PROJECT["scripts"]["nlac"]
    assert callable(script.load())


def test_the_package_is_typed():
    assert (Path(nlac.__file__).parent / "py.typed").is_file()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["decode", "--help"]])
def test_help_loads_nothing_heavy(arguments):
    code = f"""
import sys
from nlac.cli.main import cli
try:
    cli.main({arguments!r}, "nlac")
except SystemExit as end:
    assert not end.code
print("loaded:", *{{name.partition(".")[0] for name in sys.modules}})
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(Path(nlac.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    heavy = {"numpy", "numba", "scipy", "soundfile", "constriction", "tqdm", "torch", "matplotlib"}
    assert not loaded & heavy


def test_what_is_required_is_what_the_doctor_checks():
    from nlac.cli.commands.setup.doctor import NEEDED

    required = {re.match(r"[\w-]+", line)[0] for line in REQUIRED}
    assert required == set(NEEDED)


def test_extras_may_be_left_out():
    # what nlac needs must not hide in an extra
    required = {re.match(r"[\w-]+", line)[0] for line in REQUIRED}
    assert not required & {"torch", "matplotlib", "pytest", "hypothesis"}
