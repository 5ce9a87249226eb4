"""``nlac generate`` and ``nlac continue``, with runs of a few steps on the built-in set."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cli_tools import ROOT, wav_bytes
from click.testing import CliRunner, Result
from interruptible import AS_FROM_A_TERMINAL, NEEDS_SIGINT

import nlac
from nlac.cli.main import cli

Call = Callable[..., Result]

QUICK = (
    "train.steps=2", "train.batch=2", "train.valid_every=2", "train.workers=0", "train.threads=1",
    "train.warmup=0", "data.valid_crops=2",
)  # fmt: skip
SIZES = {
    "cnn": (
        "model.residual=8", "model.gate=8", "model.skip=8", "model.layers=3", "data.frames=128",
        "model.front_order=0",
    ),
    "gru": ("model.units=16", "data.frames=256", "model.context=128"),
    "wavenet": (
        "model.residual=8", "model.gate=8", "model.skip=8", "model.layers=3", "data.frames=128",
        "model.classes=7", "data.labels=[kind]",
    ),
    "bytes": ("model.width=16", "model.layers=1", "model.heads=2", "data.frames=64"),
    "continuation": (
        "model.seconds=0.1", "data.frames=1200", "data.pair_frames=1200", "model.width=4",
        "model.stages=2", "model.heads=2", "model.layers=1", "model.spectral=0", "model.alone=0",
    ),
    "mel": ("model.frames=16", "data.frames=3840", "model.latent=8"),
}  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run of each recipe."""
    for package in ("torch", "safetensors", "yaml"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        # two seconds of audio at the end of each run would take longer than all else
        patch.setattr("nlac.training.loop.results._SAMPLE_SECONDS", 0.1)
        for name, sizes in SIZES.items():
            words = ["train", str(ROOT / f"recipes/{name}.yaml"), "-o", str(folder / name), "-q"]
            for each in (*QUICK, *sizes, "data.synthetic={seconds: 1.0}"):
                words += ["--set", each]
            done = CliRunner().invoke(cli, words, prog_name="nlac")
            assert done.exit_code == 0, done.output
    return folder


def samples_of(path: str) -> tuple[np.ndarray, int]:
    soundfile = pytest.importorskip("soundfile")
    samples, rate = soundfile.read(path, dtype="int16", always_2d=True)
    return samples[:, 0], rate


@pytest.mark.parametrize("name", SIZES)
def test_every_recipe_generates_the_same_bytes_for_a_seed(call: Call, runs: Path, name: str):
    given = ("--seconds", "0.3", "--temperature", "0.8", "--top-k", "64", "--seed", "42")
    for out in ("a.wav", "b.wav"):
        done = call("generate", runs / name, out, *given)
        assert done.exit_code == 0, done.output
    first = Path("a.wav").read_bytes()
    assert first == Path("b.wav").read_bytes()
    samples, rate = samples_of("a.wav")
    assert rate == (12000 if name == "continuation" else 16000)
    assert len(samples) == round(0.3 * rate)
    assert len(np.unique(samples)) > 10
    assert call("generate", runs / name, "c.wav", *given[:-1], "43").exit_code == 0
    assert first != Path("c.wav").read_bytes()
    # what means nothing to a model is told
    unused = {"mel": "--top-k", "continuation": "--temperature, --top-k"}.get(name)
    told = f"nlac: {unused}: without effect on the recipe {name}\n" if unused else ""
    assert done.stderr == told


def test_facts_and_the_default_output(call: Call, runs: Path):
    before = (runs / "gru/artifacts/generated.wav").read_bytes()
    given = ("generate", runs / "gru", "--seconds", "0.25", "--json", "--top-p", "0.9")
    made = json.loads(call(*given).stdout)
    assert made["output"] == str(runs / "gru/artifacts/generated.wav")
    assert Path(made["output"]).read_bytes() != before
    assert (made["recipe"], made["rate"], made["samples"]) == ("gru", 16000, 4000)
    assert (made["top_p"], made["seed"], made["begins_with"]) == (0.9, 0, "nothing")
    # another output that exists is not replaced unasked
    Path("out.wav").write_bytes(b"precious")
    assert call("generate", runs / "gru", "out.wav", "--seconds", "0.1").exit_code == 5
    assert Path("out.wav").read_bytes() == b"precious"
    assert call("generate", runs / "gru", "out.wav", "--seconds", "0.1", "-f").exit_code == 0


def test_formats_hold_the_same_samples(call: Call, runs: Path):
    for name in ("a.wav", "a.flac", "a.nlac"):
        assert call("generate", runs / "cnn", name, "--seconds", "0.2").exit_code == 0
    wanted, _ = samples_of("a.wav")
    assert np.array_equal(samples_of("a.flac")[0], wanted)
    assert np.array_equal(nlac.read("a.nlac")[0], wanted)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not on PATH")
def test_mp3_is_read_and_written(call: Call, runs: Path, wav: Path):
    given = ("generate", runs / "gru", "--seconds", "1", "--prime", wav, "--seed", "3")
    for out in ("a.mp3", "b.mp3", "a.wav"):
        done = call(*given[:2], out, *given[2:])
        assert done.exit_code == 0, done.output
    assert Path("a.mp3").read_bytes() == Path("b.mp3").read_bytes()
    done = call("continue", runs / "continuation", "a.mp3", "out.wav", "--json")
    assert done.exit_code == 0, done.output
    made = json.loads(done.stdout)
    assert made["samples"] == 1200
    assert 1.05 < made["written_seconds"] < 1.3


def test_mp3_needs_ffmpeg(call: Call, runs: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    done = call("generate", runs / "gru", "out.mp3")
    assert done.exit_code == 4
    assert "out.mp3: MP3 is written by the program ffmpeg" in done.stderr


@pytest.mark.parametrize("name", ["cnn", "wavenet", "bytes", "continuation"])
def test_a_recording_goes_before(call: Call, runs: Path, wav: Path, name: str):
    given = ("--seconds", "0.1", "--seed", "1")
    for out, more in (("new.wav", ("--only-new",)), ("all.wav", ())):
        assert call("continue", runs / name, wav, out, *given, *more).exit_code == 0
    primed = call("generate", runs / name, "primed.wav", "--prime", wav, *given)
    assert "after 0.38 s of a recording" in primed.stdout
    new, rate = samples_of("new.wav")
    whole, _ = samples_of("all.wav")
    assert len(new) == round(0.1 * rate)
    # 3000 frames at 8 kHz
    assert len(whole) == 3000 * rate // 8000 + len(new)
    assert np.array_equal(whole[-len(new) :], new)
    assert np.array_equal(samples_of("primed.wav")[0], new)
    done = call("generate", runs / name, "both.wav", "--prime", wav, "--with-prime", *given)
    assert done.exit_code == 0
    assert Path("both.wav").read_bytes() == Path("all.wav").read_bytes()


@pytest.mark.parametrize("name", ["cnn", "continuation"])
def test_what_it_begins_with_matters(call: Call, runs: Path, wav: Path, name: str):
    made = []
    for given in (["--prime", wav], ["--prime", wav, "--prime-seconds", "0.05"], []):
        done = call("generate", runs / name, "out.wav", "--seconds", "0.1", "-f", *given)
        assert done.exit_code == 0, done.output
        made.append(Path("out.wav").read_bytes())
    assert len(set(made)) == 3


def test_a_mel_autoencoder_rebuilds_what_it_is_given(call: Call, runs: Path, wav: Path):
    done = call("generate", runs / "mel", "out.wav", "--prime", wav)
    assert done.exit_code == 0, done.output
    # all of the recording, and no more
    assert len(samples_of("out.wav")[0]) == 6000
    done = call("continue", runs / "mel", wav, "more.wav")
    assert done.exit_code == 2
    assert "recipe mel does not continue recordings" in done.stderr


def test_labels_choose_the_class(call: Call, runs: Path):
    given = ("generate", runs / "wavenet", "--seconds", "0.05", "--temperature", "0")
    kinds = json.loads((runs / "wavenet/metadata.json").read_text())["data"]["labels"]["kind"]
    for out, label in (("a.wav", kinds[5]), ("b.wav", "5"), ("c.wav", kinds[0])):
        assert call(*given, out, "--label", label).exit_code == 0
    assert Path("a.wav").read_bytes() == Path("b.wav").read_bytes()
    done = call(*given, "d.wav", "--label", "trombone")
    assert done.exit_code == 2
    assert f"label: trombone; one of {', '.join(kinds)}" in done.stderr
    assert "trained without labels" in call(
        "generate", runs / "gru", "d.wav", "--label", "1"
    ).stderr  # fmt: skip


def test_diverge(call: Call, runs: Path, wav: Path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    given = ("--prime", wav, "--prime-seconds", "0.1", "--seconds", "0.2", "--seed", "4")
    done = call("generate", runs / "gru", "out.flac", "--diverge", "--json", *given)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    result = told["diverge"]
    assert (told["samples"], result["samples"], result["window"]) == (3200, 3200, 1024)
    assert result["prime_seconds"] == 0.1
    for run in ("forced", "free"):
        for name in ("snr", "energy", "spectral_distance", "lag", "match"):
            assert len(result[run][name]) == 3
    assert json.loads(Path("out.diverge.json").read_text())["summary"] == result["summary"]
    assert Path("out.diverge.png").read_bytes().startswith(b"\x89PNG")
    # the free run is what generate makes without the comparison
    assert call("generate", runs / "gru", "free.flac", *given).exit_code == 0
    assert np.array_equal(samples_of("out.flac")[0], samples_of("free.flac")[0])
    done = call("generate", runs / "gru", "other.wav", "--diverge", "--prime", wav)
    assert done.exit_code == 0
    assert "the runs differ from" in done.stdout
    # what exists is kept, whichever of the files it is
    done = call("generate", runs / "gru", "out.wav", "--diverge", *given)
    assert done.exit_code == 5
    assert "out.diverge.json exists" in done.stderr


def test_diverge_of_a_continuation(call: Call, runs: Path, wav: Path):
    """Passages are those of `nlac generate`; the first of them has the same beginning in both."""
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from nlac.training.generation.divergence import diverge_continuation
    from nlac.training.runs.loading import load_run

    model = load_run(runs / "continuation").model
    rate, step = model.settings.rate, model.settings.samples
    given = ("--prime", wav, "--prime-seconds", "0.1")
    done = call("generate", runs / "continuation", "out.wav", "--diverge", "--json", *given)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)["diverge"]
    assert told["first_difference"] is None or told["first_difference"] >= step
    assert call("generate", runs / "continuation", "free.wav", *given).exit_code == 0
    free = samples_of("out.wav")[0]
    assert np.array_equal(free, samples_of("free.wav")[0][: len(free)])
    begin = round(0.1 * rate)
    audio = np.linspace(-0.5, 0.5, begin + 2 * step + 7)[None]
    result = diverge_continuation(model, audio, begin, rate, 16)
    assert np.array_equal(result.forced[:step], result.free[:step])
    after = model.go_on(audio[:, : begin + step], step)[0]
    assert np.array_equal(result.forced[step : 2 * step], after)
    assert len(result.forced) == len(result.free) == 2 * step + 7


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["generate", "gru", "out.ogg"], 2, ".ogg is not one of .wav, .flac, .mp3, .nlac"),
        (["generate", "gru", "out"], 2, "out: the name needs an extension: .wav, "),
        (["generate", "gru", "-"], 2, "-: audio that is made goes to a file; name one, such as "),
        (["generate", "gru", "."], 2, ". is a folder; name a file, such as out.wav"),
        (["continue", "gru", "in.wav", "-"], 2, "-: audio that is made goes to a file"),
        (["generate", "gru", "no/out.wav"], 2, "no/out.wav: the folder no does not exist"),
        (
            ["generate", "gru", "out.wav", "--prime", "in.wav", "--prime-seconds", "9"], 2,
            "--prime-seconds 9: in.wav has 0.38 s",
        ),
        (["generate", "gru", "out.wav", "--diverge"], 2, "--diverge needs --prime"),
        (["generate", "gru", "out.wav", "--with-prime"], 2, "--with-prime needs --prime"),
        (["generate", "gru", "out.wav", "--seconds", "0"], 2, "0.0 is not in the range 0<x<=86400"),
        (["generate", "gru", "out.wav", "--top-p", "2"], 2, "2.0 is not in the range"),
        (["generate", ".", "out.wav"], 2, "no run, for it has no config.yaml"),
        (["generate", "gru", "out.wav", "--prime", "empty.wav"], 1, "empty.wav: the file is empty"),
        (["continue", "gru", "no.mp3", "out.wav"], 2, "'no.mp3' does not exist"),
        (["continue", "gru", "in.wav", "in.wav", "-f"], 2, "input and output are the same file"),
        (
            ["generate", "mel", "out.wav", "--diverge", "--prime", "in.wav"], 2,
            "recipe mel predicts nothing that follows",
        ),
        (
            ["generate", "gru", "a.wav", "--diverge", "--prime", "in.wav", "--prime-seconds", "9"],
            2, "--prime-seconds 9: the recording has 0.38 s, and --diverge compares with what ",
        ),
    ],
)  # fmt: skip
def test_wrong_use_is_told(
    call: Call, runs: Path, wav: Path, words: list[str], code: int, message: str
):
    Path("empty.wav").write_bytes(b"")
    if words[1] in SIZES:
        words = [words[0], str(runs / words[1]), *words[2:]]
    done = call(*words)
    assert done.exit_code == code, done.output
    assert message in done.stderr
    assert sorted(path.name for path in Path().iterdir()) == ["empty.wav", "in.wav"]


def test_a_run_without_weights_is_told(call: Call, runs: Path):
    Path("young").mkdir()
    shutil.copy(runs / "gru/config.yaml", "young")
    done = call("generate", "young", "out.wav")
    assert done.exit_code == 2
    assert "no run with a checkpoint" in done.stderr


@NEEDS_SIGINT
def test_an_interrupt_leaves_nothing(runs: Path, tmp_path: Path, environment: dict[str, str]):
    (tmp_path / "long.wav").write_bytes(wav_bytes())
    command = [sys.executable, "-m", "nlac", "generate", str(runs / "bytes"), "long.wav", "-f",
               "--seconds", "80000"]  # fmt: skip
    marker = "import nlac.training.generation.free_run as f; print('ready', flush=True); "
    code = marker + "import sys; sys.argv = sys.argv[1:]; import nlac.__main__ as m; m.main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, *command[2:]], cwd=tmp_path, env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **AS_FROM_A_TERMINAL,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    assert [path.name for path in tmp_path.iterdir()] == ["long.wav"]
    assert (tmp_path / "long.wav").read_bytes() == wav_bytes()


@pytest.mark.parametrize("seconds", ["nan", "inf", "1e300", "0", "-1"])
@pytest.mark.parametrize(
    "command",
    [
        ["generate", "RUN", "out.wav", "--seconds"],
        ["generate", "RUN", "out.wav", "--prime-seconds"],
        ["continue", "RUN", "in.wav", "--seconds"],
        ["eval", "lpc8", "--limit"],
    ],
    ids=lambda words: " ".join(words[::3]),
)
def test_lengths_are_numbers_of_seconds(command, seconds, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.wav").touch()
    (tmp_path / "RUN").mkdir()
    done = CliRunner().invoke(cli, [*command, seconds], prog_name="nlac")
    assert done.exit_code == 2, done.output
    assert command[-1] in done.output
    assert not (tmp_path / "out.wav").exists()


def test_last_weights_are_told(call: Call, runs: Path, tmp_path: Path):
    run = tmp_path / "without-best"
    shutil.copytree(runs / "gru", run)
    (run / "checkpoints" / "best.safetensors").unlink()
    done = call("generate", run, "out.wav", "--seconds", "0.05")
    assert done.exit_code == 0
    assert "has no best weights; the last ones are used" in done.stderr
    assert "weights" not in call("generate", runs / "gru", "b.wav", "--seconds", "0.05").stderr
