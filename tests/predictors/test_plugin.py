"""A predictor from an installed package, and the examples of the documentation."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

import nlac
from nlac._errors import CorruptStream, UnknownPredictor, UsageError
from nlac.predictors import registry
from nlac.predictors.generic import decode_generic, encode_generic
from nlac.predictors.registry import get_predictor, predictor_by_id, predictor_names

PAGE = Path(__file__).parents[2] / "docs" / "predictors.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
NUMBER = 0x8A3C


def code_and_back(samples, name, options):
    """Bytes of a block, through the registry as encoder and decoder use it."""
    predictor = get_predictor(name).from_options(options)
    payload = encode_generic(samples, 16, 44100, predictor)
    entry = predictor_by_id(predictor.predictor_id)
    again = entry.from_parameters(predictor.parameters(), predictor.model_hash)
    back = decode_generic(payload, *samples.shape, 16, 44100, again)
    np.testing.assert_array_equal(back, samples)
    return len(payload)


def test_package_is_found(plugin):
    assert "example-sign" in predictor_names()
    assert get_predictor("example-sign").predictor_id == NUMBER


def test_package_is_found_by_number(plugin):
    assert predictor_by_id(NUMBER).name == "example-sign"


def test_package_is_not_imported_early(plugin, monkeypatch):
    monkeypatch.delitem(sys.modules, "nlac_example", raising=False)
    assert "example-sign" in predictor_names()
    get_predictor("lpc")
    assert "nlac_example" not in sys.modules


def test_without_the_package_the_error_names_it():
    with pytest.raises(UnknownPredictor, match="'example-sign'"):
        get_predictor("example-sign")
    with pytest.raises(UnknownPredictor, match="0x8A3C"):
        predictor_by_id(NUMBER)


@pytest.mark.parametrize("options", [{}, {"taps": "3"}, {"taps": 32}])
def test_package_predicts(plugin, stereo, options):
    assert code_and_back(stereo, "example-sign", options) < 0.65 * 2 * stereo.size


def test_package_checks_options_and_parameters(plugin):
    entry = get_predictor("example-sign")
    for options in ({"tap": 3}, {"taps": 65}):
        with pytest.raises(UsageError, match="example-sign"):
            entry.from_options(options)
    for parameters in (b"", b"\0", b"ab"):
        with pytest.raises(CorruptStream):
            entry.from_parameters(parameters)


def test_page_has_its_examples():
    assert len(EXAMPLES) == 3
    lines = [line for line in EXAMPLES[0].splitlines() if line.strip()]
    assert len(lines) <= 30


def test_predictors_of_the_page(stereo):
    for example in (EXAMPLES[0], EXAMPLES[2]):
        exec(compile(example, str(PAGE), "exec"), {"__name__": "page"})
    assert predictor_names() == ("cascade", "cnn", "gru", "hold", "line", "lpc")
    line = code_and_back(stereo, "line", {})
    assert line < code_and_back(stereo, "hold", {"scale": "170"}) < 2 * stereo.size


def test_page_from_top_to_bottom(monkeypatch, tmp_path, stereo):
    monkeypatch.chdir(tmp_path)
    samples = np.ascontiguousarray(stereo.T[:600].astype(np.int16))
    space = {"samples": samples, "__name__": "page"}
    for example in EXAMPLES:
        exec(compile(example, str(PAGE), "exec"), space)
    assert space["samples"] is not samples
    np.testing.assert_array_equal(space["samples"], samples)
    assert nlac.info("take.nlac").predictor_id == 0x8001


def test_package_through_files(plugin, tmp_path, stereo):
    """The whole chain: the stream names the predictor and brings its parameters."""
    samples = np.ascontiguousarray(stereo.T[:900].astype(np.int16))
    path = tmp_path / "take.nlac"
    options = {"predictor": "example-sign", "predictor_options": {"taps": 5}}
    nlac.write(path, samples, 8000, block_seconds=0.05, threads=2, **options)
    with nlac.open(path) as file:
        assert file.info.predictor_id == NUMBER
    back, rate = nlac.read(path)
    assert rate == 8000
    np.testing.assert_array_equal(back, samples)
    part, _ = nlac.read(path, start=333, stop=444)
    np.testing.assert_array_equal(part, samples[333:444])
    # where the package is missing, the error names the predictor's number
    registry._registered.pop("example-sign")
    sys.path.remove(str(plugin))
    with pytest.raises(UnknownPredictor, match="0x8A3C"):
        nlac.read(path)
