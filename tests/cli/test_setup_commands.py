"""``nlac help``, ``config``, ``selftest``, ``completion`` and ``doctor``; misspelt names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import nlac
from nlac.cli._configuration import configuration_path, default_path
from nlac.cli.commands.setup.selftest import CHECKS
from nlac.cli.selftest import checks


@pytest.fixture
def config(call, tmp_path, monkeypatch):
    """Write a configuration file, and have it read."""
    path = tmp_path / "config.toml"
    monkeypatch.setenv("NLAC_CONFIG", str(path))

    def write(text: str) -> Path:
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_help_of_commands(call):
    for names in ([], ["encode"], ["runs", "list"]):
        shown = call("help", *names)
        assert shown.exit_code == 0
        assert shown.stdout == call(*names, "--help").stdout


def test_version(call):
    assert call("-V").stdout == call("--version").stdout == f"nlac {nlac.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["encoed"], "no such command: encoed; did you mean encode?"),
        (["help", "selftset"], "no such command: selftset; did you mean selftest?"),
        (["help", "runs", "lst"], "no such command: lst; did you mean list?"),
        (["help", "info", "x"], "nlac info has no commands of its own"),
        (["encode", "--presett", "fast"], "no such option: --presett; did you mean --preset?"),
        (["test", "--quik", "x"], "no such option: --quik; did you mean --quick?"),
    ],
)
def test_misspelt_names(call, arguments, told):
    done = call(*arguments)
    assert done.exit_code == 2
    assert told in done.stderr


def test_configuration_sets_defaults_below_environment_and_options(call, wav, config, monkeypatch):
    def preset(*options: str) -> str:
        done = call("encode", "-f", "-v", *options, wav)
        assert done.exit_code == 0
        return done.stderr.partition("preset ")[2].partition(",")[0]

    config("")
    assert preset() == "standard"
    config(
        '[encode]\npreset = "fast"\ntag = ["A=b", "A=c"]\nno-verify = true\n'
        "preserve-mtime = false\n"
    )
    assert preset() == "fast"
    stream = wav.with_suffix(".nlac")
    assert nlac.info(stream).tags == {"A": ["b", "c"]}
    assert stream.stat().st_mtime != wav.stat().st_mtime
    assert json.loads(call("encode", "-f", "--json", wav).stdout)["verified"] is False
    monkeypatch.setenv("NLAC_ENCODE_PRESET", "standard")
    assert preset() == "standard"
    assert preset("--preset", "fast") == "fast"


def test_configuration_of_commands_in_commands(call, config):
    config("[model.list]\njson = true\n")
    assert json.loads(call("model", "list").stdout.splitlines()[0])["model"]


def test_another_configuration_file(call, config, tmp_path, wav):
    config("broken [")
    other = tmp_path / "other.toml"
    other.write_text("[encode]\nquiet = true\n")
    assert call("--config", other, "encode", wav).stdout == ""
    missing = call("--config", "none.toml", "info", wav)
    assert missing.exit_code == 2
    assert "none.toml: there is no such configuration file" in missing.stderr


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[encode", "Expected ']'"),
        ("[encod]", "[encod]: no such section; did you mean encode?"),
        ("encode = 3", "[encode]: a section is needed, not a value"),
        ('[encode]\npresett = "fast"', "[encode] presett: no such key; did you mean preset?"),
        ("[encode]\nhelp = true", "[encode] help: no such key; one of audio-only, "),
        ('[encode]\npreset = "best"', "[encode] preset: 'best' is not one of 'fast'"),
        ("[encode]\nno-verify = 1", "[encode] no-verify = 1: true or false is needed"),
        ('[encode]\ntag = "A=b"', "[encode] tag = 'A=b': a list is needed"),
        ("[encode]\nthreads = [1]", "[encode] threads = [1]: one text or number is needed"),
        ("[encode]\nblock-seconds = 0", "[encode] block-seconds: 0.0 is not in the range x>0"),
        ("[encode]\nthreads = inf", "[encode] threads = inf: a whole number is needed"),
        pytest.param("a = " + "9" * 5000, "Exceeds the limit", id="digits"),
        pytest.param("a = " + "[" * 2000, "lists or tables are nested too deeply", id="nested"),
        ("[runs.lst]\njson = true", "[runs] lst: no such key; did you mean list?"),
        ("[runs.list]\nJSON = true", "[runs.list] JSON: no such key; one of json, sort"),
    ],
)
def test_wrong_configuration_is_named(call, config, wav, text, told):
    path = config(text)
    done = call("config", "show")
    assert done.exit_code == 2
    assert f"{path}: " in done.stderr
    assert told in done.stderr
    if "runs" not in text:
        assert told in call("encode", wav).stderr
        assert not wav.with_suffix(".nlac").exists()
    # what mends it still works
    assert call("help", "encode").exit_code == 0
    assert call("config", "path").stdout.strip() == str(path)


def test_a_file_that_is_no_text(call, config):
    config("").write_bytes(b"[encode]\n# \xff\n")
    assert "not UTF-8 at byte 11" in call("config", "show").stderr


def test_configuration_is_shown(call, config):
    text = '[encode]\npreset = "fast"\ntag = ["A=b"]\n\n[runs]\n\n[runs.list]\njson = true\n'
    path = config(text)
    shown = call("config", "show").stdout
    assert shown == f"# {path}\n\n{text}"
    told = json.loads(call("config", "show", "--json").stdout)
    assert told["path"] == str(path)
    assert told["sections"]["encode"] == {"preset": "fast", "tag": ["A=b"]}


def test_where_the_configuration_is(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert default_path() == tmp_path / "nlac" / "config.toml"
    # not absolute: to be ignored, as the specification of these folders says
    monkeypatch.setenv("XDG_CONFIG_HOME", "here")
    assert default_path() == Path.home() / ".config" / "nlac" / "config.toml"
    monkeypatch.setattr("sys.platform", "darwin")
    assert default_path() == Path.home() / "Library/Application Support/nlac/config.toml"
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("APPDATA", str(tmp_path))
    assert default_path() == tmp_path / "nlac" / "config.toml"
    assert configuration_path("") is None


def test_selftest_passes(call):
    assert tuple(checks.CHECKS) == CHECKS
    done = call("selftest", "--json")
    assert done.exit_code == 0, done.stdout
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [facts["check"] for facts in told] == list(CHECKS)
    assert all(facts["ok"] and facts["cases"] > 2 and not facts["failed"] for facts in told)


def test_selftest_covers_every_depth_preset_model_and_container():
    cases = {name: [case for case, _ in make()] for name, make in checks.CHECKS.items()}
    assert cases["depths"] == [f"{bits} bits" for bits in range(1, 33)]
    for name in ("fast", "standard", "high", "max", "neural"):
        assert f"preset {name}" in cases["presets"]
    models = {path.stem for path in (Path(nlac.__file__).parent / "models").glob("*.nlacm")}
    told = {case.partition("model ")[2] for case in cases["presets"]}
    assert models - {"neural"} <= told
    assert {case.partition(",")[0] for case in cases["containers"]} == {
        "wav", "rf64", "bw64", "w64", "aiff", "aifc"
    }  # fmt: skip


def test_selftest_finds_wrong_samples(call, monkeypatch):
    genuine = nlac.read

    def wrong(*arguments, **options):
        samples, rate = genuine(*arguments, **options)
        samples[-1:] ^= 1
        return samples, rate

    monkeypatch.setattr(nlac, "read", wrong)
    done = call("selftest", "signals", "-q")
    assert done.exit_code == 3
    assert "30 FAILED" in done.stdout
    assert "white noise, fast: Mismatch: the samples differ" in done.stdout


def test_selftest_tells_faults_of_nlac(call, monkeypatch):
    def fault(*arguments, **options):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(nlac, "write", fault)
    done = call("selftest", "floats", "--json")
    assert done.exit_code == 70
    facts = json.loads(done.stdout)
    assert not facts["ok"]
    assert facts["failed"][0]["error"] == "ZeroDivisionError"


def test_selftest_finds_damage_that_passes(call, monkeypatch):
    monkeypatch.setattr(nlac, "test", lambda data: None)
    done = call("selftest", "damage")
    assert done.exit_code == 3
    assert "byte 0 flipped: Mismatch: the damage was not found" in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(call, shell):
    assert "_NLAC_COMPLETE" in call("completion", shell).stdout


def test_doctor(call):
    done = call("doctor")
    assert done.exit_code == 0, done.stdout
    assert "self-test passed: 33 sample formats" in done.stdout
    assert call("doctor", "-q").stdout == ""
    report = json.loads(call("doctor", "--json").stdout)
    assert report["self_test"]["passed"]
    assert report["packages"]["numpy"]


def test_doctor_tells_what_fails(call, monkeypatch):
    def fail(*arguments, **options):
        raise ValueError("no luck")

    monkeypatch.setattr(nlac, "write", fail)
    done = call("doctor", "-q")
    assert done.exit_code == 1
    assert "32-bit float: ValueError: no luck" in done.stdout
