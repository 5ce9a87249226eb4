"""Evaluation: bits and errors of baselines, codecs and runs, by definitions where there are any."""

from __future__ import annotations

import json
import math
import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from data_tools import put, tone

from nlac._errors import NlacError, UsageError
from nlac.bench.results import REFERENCE, Results
from nlac.cli.main import cli
from nlac.training.evaluation import codecs
from nlac.training.evaluation.baselines import NAMES, Baseline
from nlac.training.evaluation.evaluate import (
    evaluate,
    evaluate_arguments,
    make_methods,
    sort_arguments,
)
from nlac.training.evaluation.recordings import Item, Wanted, find
from nlac.training.evaluation.report import table

needs_flac = pytest.mark.skipif(shutil.which("flac") is None, reason="flac is not installed")


def item(frames: int = 6000, channels: int = 1, bits: int = 16) -> Item:
    samples = tone(1, frames, channels).astype(np.int32) << max(bits - 16, 0)
    return Item("a", "all", samples.reshape(frames, channels), 16000, bits)


def test_recordings_of_files_and_datasets(tmp_path):
    put(tmp_path / "a.wav", tone(1, 1600))
    put(tmp_path / "b.wav", tone(2, 3200))
    whole = [each.read() for each in find([tmp_path], Wanted())]
    assert [each.name for each in whole] == ["a.wav", "b.wav"]
    np.testing.assert_array_equal(whole[0].samples[:, 0], tone(1, 1600).reshape(-1))
    rate = whole[0].rate
    # the middle, and another rate
    short = find([tmp_path / "b.wav"], Wanted(seconds=100 / rate))[0].read()
    np.testing.assert_array_equal(short.samples, whole[1].samples[1550:1650])
    half = find([tmp_path / "b.wav"], Wanted(rate=rate // 2, bits=16))[0].read()
    assert (half.rate, len(half.samples)) == (rate // 2, 1600)
    built_in = find(["synthetic"], Wanted(split="valid"))
    assert len(built_in) == 14
    assert built_in[0].read().category == "sine"
    assert len(find(["synthetic"], Wanted(split="all"))) == 84
    with pytest.raises(UsageError, match=r"split none: no recordings.*test, train, valid"):
        find(["synthetic"], Wanted(split="none"))
    with pytest.raises(UsageError, match="16 bits, and 24 are needed"):
        find(["synthetic"], Wanted(bits=24))


@pytest.mark.parametrize("name", NAMES)
def test_baselines_predict_a_tone(name):
    recording = item(channels=2)
    found = Baseline(name).measure(recording)
    error = recording.samples - found.predicted
    assert np.mean(error.astype(float) ** 2) < 0.01 * np.mean(recording.samples.astype(float) ** 2)
    # side information comes on top of the code words
    assert found.bits > found.cross_entropy * recording.samples.size
    assert found.bits_are == "counted"


def test_codec_is_measured_by_its_files():
    recording = item(20000, 2)
    codec = codecs.named_codec("fast")
    found = codec.measure(recording)
    assert found.bits == 8 * found.num_bytes
    other = codecs.named_codec("fast:long_term=no,block_seconds=0.1").measure(recording)
    assert other.num_bytes > found.num_bytes
    for name in ("lpc", "high"):
        predicted = codecs.base_predictions(recording, name)
        late = slice(5000, None)
        error = (recording.samples - predicted)[late]
        assert np.mean(error**2) < 0.01 * np.mean(recording.samples[late].astype(float) ** 2)
    constant = Item("c", "all", np.full((500, 1), 7, np.int32), 8000, 16)
    assert codecs.base_predictions(constant, "lpc") is None
    assert codecs.named_codec("standard").measure(constant).predicted is None
    # windows as `standard` finds them are not those of other presets
    assert found.predicted is None
    standard = codecs.named_codec("standard").measure(recording)
    np.testing.assert_array_equal(standard.predicted, codecs.base_predictions(recording, "lpc"))
    with pytest.raises(UsageError, match="nonsense"):
        codecs.named_codec("fast:nonsense=1").measure(recording)


@needs_flac
def test_sizes_relative_to_flac(tmp_path):
    put(tmp_path / "a.wav", tone(1, 8000))
    put(tmp_path / "b.wav", tone(2, 4000))
    _, found = evaluate_arguments(["lpc8", "fast", str(tmp_path)])
    results = found.results
    assert results.labels == ["lpc8", "nlac fast", REFERENCE]
    sizes = {label: sum(r.bytes or 0 for r in results.rows if r.codec == label)
             for label in results.labels}  # fmt: skip
    totals = {codec.label: codec.figures for codec in results.codecs}
    assert totals[REFERENCE]["versus_reference"] == 0
    wanted = sizes["nlac fast"] / sizes[REFERENCE] - 1
    assert totals["nlac fast"]["versus_reference"] == pytest.approx(wanted)
    assert totals["nlac fast"]["bits_per_sample"] == 8 * sizes["nlac fast"] / 12000
    assert totals["lpc8"]["recordings"] == 2
    # errors over all samples, not over files
    rows = [row for row in results.rows if row.codec == "lpc8"]
    mse = sum(row.figures["mse"] * row.figures["samples"] for row in rows) / 12000
    assert totals["lpc8"]["mse"] == pytest.approx(mse)
    assert Results.from_json(results.to_json()) == results
    assert table(results).count("\n") == 4


def test_without_flac(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    methods, notes = make_methods(sort_arguments(["lpc8", "synthetic"]))
    assert [method.info.label for method in methods] == ["lpc8"]
    assert notes == ["flac -8 -e -p left out: flac is not on PATH; no sizes relative to it"]


def test_silence_has_no_infinite_figures():
    class Silent:
        name = "silent"

        def read(self) -> Item:
            return Item("silent", "all", np.zeros((3000, 1), np.int32), 8000, 16)

    found = evaluate([Baseline("lpc8")], [Silent()])
    figures = found.results.rows[0].figures
    assert figures["snr"] is None
    assert figures["mse"] == 0
    json.loads(found.results.to_json(), parse_constant=lambda name: pytest.fail(name))


def test_unreadable_recordings_are_named(tmp_path):
    put(tmp_path / "a.wav", tone(1, 3000))
    (tmp_path / "b.wav").write_bytes(b"RIFF nothing")
    _, found = evaluate_arguments(["lpc8", str(tmp_path)])
    assert found.num_unread == 1
    assert any("b.wav left out" in note for note in found.results.notes)
    with pytest.raises(NlacError, match=r"b\.wav left out"):
        evaluate_arguments(["lpc8", str(tmp_path / "b.wav")])


def test_arguments(tmp_path):
    with pytest.raises(UsageError, match="song: no such file, folder, or name; names are: lpc8"):
        sort_arguments(["song"])
    with pytest.raises(UsageError, match=r"lpx8: .*; did you mean lpc8\?"):
        sort_arguments(["lpx8"])
    (tmp_path / "w12").mkdir()
    with pytest.raises(UsageError, match=r"w21: no such file or folder; did you mean .*/w12\?"):
        sort_arguments([str(tmp_path / "w21")])
    with pytest.raises(UsageError, match=r"no such file or folder, for there is no folder .*/no"):
        sort_arguments([str(tmp_path / "no" / "w12")])
    with pytest.raises(UsageError, match="no recordings"):
        sort_arguments(["lpc8"])
    request = sort_arguments(["max", "fast:coder=rice", "cnn", str(tmp_path)])
    assert request.names == ["max", "fast:coder=rice", "cnn"]
    assert request.paths == [str(tmp_path)]


def test_exactly_the_bits_of_uniform_levels():
    """A model that knows nothing: 8 bits of a level, and what the samples within it need."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    from nlac.training.evaluation.networks import expected, rest_bits
    from nlac.training.recipes.dilated.wavenet import WaveNet, WaveNetSettings

    settings = WaveNetSettings(residual=8, gate=8, skip=8, layers=2, emphasis=0.5)
    model = WaveNet(settings)
    form = model.representation
    samples = np.random.default_rng(0).integers(-30000, 30000, (2, 400)).astype(np.int32)
    codes = form.encode(samples)
    # by counting: how many integers have this level, after the true sample before
    counted = 0.0
    values = np.arange(-32768, 32768, dtype=np.int32)
    for t in range(1, 20):
        pair = np.stack([np.full_like(values, samples[0, t - 1]), values], 1)
        counted += math.log2(int((form.encode(pair)[:, 1] == codes[0, t]).sum()))
    some = rest_bits(form, samples[:1, :20], codes[:1, :20])
    first = rest_bits(form, samples[:1, :1], codes[:1, :1])
    assert some - first == pytest.approx(counted, rel=1e-3)
    outputs = torch.zeros(1, 1, 256)
    outputs[0, 0, 200] = 100.0
    wanted = form.decode(np.array([[0, 200]]))[0, 1] - 0.5 * form.decode(np.array([[0]]))[0, 0]
    assert expected(model, outputs)[0, 0] == pytest.approx(wanted, rel=1e-5)


def test_pictures(tmp_path: Path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from nlac.training.evaluation.evaluate import Example
    from nlac.training.evaluation.pictures import save_pictures

    recording = item(3000)
    written = save_pictures(Example(recording, recording.samples + 1), "x", tmp_path, "x-")
    assert [path.name for path in written] == [
        "x-residual.png", "x-waveform.png", "x-spectrograms.png",
    ]  # fmt: skip
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)


@needs_flac
def test_benchmark_of_recipes_goes_on(tmp_path, monkeypatch):
    """What is in the results is not measured again; tables are made of all that is there."""
    program = Path(__file__).parents[2] / "benchmarks/recipes.py"
    page, results = tmp_path / "index.md", tmp_path / "results.json"
    page.write_text("# A\n\n<!-- made by benchmarks/recipes.py -->\nold\n<!-- end -->\n\nB\n")
    options = ["synthetic", "--seconds", "0.1", "--results", results, "--page", page]

    def run(*more: object) -> Results:
        monkeypatch.setattr("sys.argv", [str(each) for each in (program, *options, *more)])
        runpy.run_path(str(program), run_name="__main__")
        return Results.load(results)

    first = run("--name", "lpc8")
    second = run("--name", "fast", "--name", "lpc8")
    assert second.labels == [REFERENCE, "lpc8", "nlac fast"]
    assert [row for row in second.rows if row.codec == "lpc8"] == [
        row for row in first.rows if row.codec == "lpc8"
    ]
    text = page.read_text()
    assert text.startswith("# A\n")
    assert text.endswith("<!-- end -->\n\nB\n")
    assert "old" not in text
    assert text.count("\n| ") == 4 + 1
    with pytest.raises(SystemExit, match="name others"):
        run("--seconds", "0.2", "--name", "joint")


@pytest.mark.skipif(shutil.which("flac") is None, reason="the program flac is missing")
def test_flac_takes_more_than_two_channels(tmp_path):
    import soundfile

    noise = np.random.default_rng(1).integers(-99, 99, (2000, 5), dtype=np.int16)
    soundfile.write(tmp_path / "five.wav", noise, 16000, "PCM_16")
    done = CliRunner().invoke(cli, ["eval", "lpc8", str(tmp_path / "five.wav"), "--json"])
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)["rows"]
    assert {row["codec"] for row in rows} == {"lpc8", "flac -8 -e -p"}


@pytest.mark.skipif(shutil.which("flac") is None, reason="the program flac is missing")
def test_methods_that_lack_a_recording_are_marked(tmp_path):
    import soundfile

    noise = np.random.default_rng(1).integers(-99, 99, (2000, 9), dtype=np.int16)
    soundfile.write(tmp_path / "nine.wav", noise, 16000, "PCM_16")
    soundfile.write(tmp_path / "one.wav", noise[:, :1], 16000, "PCM_16")
    done = CliRunner().invoke(cli, ["eval", "lpc8", str(tmp_path)])
    # flac takes eight channels
    assert "flac -8 -e -p *" in done.output
    assert "lpc8 *" not in done.output
    assert "* over fewer samples than others" in done.output
    alone = CliRunner().invoke(cli, ["eval", "lpc8", str(tmp_path / "one.wav")])
    assert "*" not in alone.output
