"""JSON Schemas of all that ``--json`` prints: there is one for each command, and it is so.

All other tests of commands compare what they print, too: see the fixture `call`.
"""

from __future__ import annotations

import json

import click
import pytest
from cli_tools import wav_bytes
from schema_tools import SCHEMAS, check_output, commands_with_json, validator

from nlac.bench.results import CodecInfo, Host, Results, Row
from nlac.cli.main import cli

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")


def test_every_command_has_a_schema_and_no_other():
    context = click.Context(cli, info_name="nlac")
    assert {path.stem for path in SCHEMAS.glob("*.json")} == set(commands_with_json(cli, context))


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.stem)
def test_schemas_are_schemas_that_say_something(path):
    schema = validator(path.stem)
    assert schema.schema["title"].startswith(f"nlac {path.stem.replace('-', ' ')} --json")
    assert not schema.is_valid([])


def test_other_keys_and_types_are_found(call, wav):
    line = json.loads(call("encode", "--json", wav).stdout)
    schema = validator("encode")
    assert schema.is_valid(line)
    assert not schema.is_valid(line | {"new": 1})
    assert not schema.is_valid(line | {"frames": "3000"})
    assert not schema.is_valid({key: line[key] for key in line if key != "restorable"})


def test_each_outcome_of_files(call, wav, tmp_path):
    (tmp_path / "no.wav").write_bytes(b"nothing")
    done = call("encode", "--json", wav, "no.wav")
    assert [json.loads(line)["ok"] for line in done.stdout.splitlines()] == [True, False]
    skipped = json.loads(call("encode", "--json", "--skip-existing", wav).stdout)
    assert skipped["skipped"] == "exists"
    assert json.loads(call("decode", "--json", "-n", "in.nlac", "x.wav").stdout)["skipped"]
    assert json.loads(call("decode", "--json", "in.nlac", "out.wav").stdout)["restored"]
    for name in ("in.nlac", "in.wav"):
        assert call("info", "--json", name).exit_code == 0
    data = bytearray((tmp_path / "in.nlac").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "bad.nlac").write_bytes(data)
    told = call("test", "--json", "in.nlac", "bad.nlac", "no.wav")
    assert [json.loads(line)["ok"] for line in told.stdout.splitlines()] == [True, False, False]
    lost = json.loads(call("decode", "--json", "--recover", "bad.nlac", "saved.wav").stdout)
    assert lost["lost"]
    assert call("doctor", "--clean", "--json").exit_code == 0


def test_benchmarks():
    row = Row("a.wav", "music", "fast", 400, 0.1, 100, ok=True, figures={"snr": None})
    codec = CodecInfo("fast", "nlac", "0.1.0", "nlac.encode")
    host = Host("a processor", 2, "Linux x86_64", "3.11")
    results = Results("2026-01-01", "x", "", "", 1, host, (codec,), (row,))
    for name in ("bench", "eval"):
        validator(name).validate(json.loads(results.to_json()))


def test_evaluation(call, tmp_path):
    (tmp_path / "in.wav").write_bytes(wav_bytes(2000))
    done = call("eval", "lpc8", "in.wav", "--json")
    assert done.exit_code == 0
    check_output(["eval", "--json"], done.stdout)
