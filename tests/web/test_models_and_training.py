"""The page's interface to models: runs, generation, training, with runs of a few steps."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

for _package in ("torch", "safetensors", "yaml"):
    pytest.importorskip(_package, reason=f"training needs {_package}")
pytest.importorskip("fastapi", reason="the page needs nlac[web]")
pytest.importorskip("httpx2", reason="the client for tests needs httpx2")
soundfile = pytest.importorskip("soundfile", reason="soundfile is not installed")

from click.testing import CliRunner
from fastapi.testclient import TestClient

from nlac.cli.main import cli
from nlac.training.background import TrainingWish, train_in_background
from nlac.training.config.shipped import find_config
from nlac.web.app import create_app
from nlac.web.settings import Settings

TINY = {
    "train.steps": 4, "train.batch": 2, "train.workers": 0, "train.threads": 1, "train.warmup": 0,
    "data.valid_crops": 2, "data.synthetic": {"seconds": 0.5}, "model.units": 16,
    "data.frames": 256, "model.context": 128,
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs, a dataset, a library, and a secret beside them."""
    folder = tmp_path_factory.mktemp("served")
    for name in ("runs", "models", "library", "data", "recordings"):
        (folder / name).mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nlac.training.loop.results._SAMPLE_SECONDS", 0.05)
        for place in ("runs/first", "models/given", "outside"):
            wish = TrainingWish(str(find_config("gru")), str(folder / place), "synthetic", TINY)
            train_in_background(lambda facts: None, wish)
    tone = (9000 * np.sin(np.arange(8000) / 9)).astype(np.int16)
    soundfile.write(folder / "library" / "tone.wav", tone, 8000)
    for i in range(10):
        soundfile.write(folder / "recordings" / f"{i}.wav", np.roll(tone, i) // (i + 1), 8000)
    words = ["data", "prepare", str(folder / "recordings"), "--out", str(folder / "data/mine")]
    done = CliRunner().invoke(cli, [*words, "--rate", "8000", "--mono", "-q"], prog_name="nlac")
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[TestClient]:
    settings = Settings(
        folder=folder / "library", models=folder / "models", runs=folder / "runs",
        data=folder / "data", hosts=("testserver",),
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch, TestClient(create_app(settings)) as client:
        # of the processes that train: on a busy machine threads wait for each other
        patch.setenv("OMP_NUM_THREADS", "1")
        yield client


def get(client: TestClient, path: str, **parameters):
    return client.get(f"/api/{path}", params=parameters).raise_for_status().json()


def over(client: TestClient, path: str, seconds: float = 120.0) -> dict:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        state = get(client, path)
        if state["state"] in ("done", "failed", "stopped"):
            return state
        time.sleep(0.05)
    raise AssertionError(f"not over after {seconds} s: {state}")


def begun(client: TestClient, path: str, **wish) -> str:
    answer = client.post(f"/api/{path}", json=wish)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def test_runs_and_all_about_them(client: TestClient, folder: Path):
    found = get(client, "runs")
    assert found["problems"] == []
    rows = {row["id"]: row for row in found["runs"]}
    assert {"runs:first", "models:given"} <= set(rows)
    assert not any("outside" in name for name in rows)
    facts = get(client, "runs/facts", run="runs:first")
    assert (facts["state"], facts["path"]) == ("finished", "runs/first")
    assert facts["parameters"] == sum(layer["parameters"] for layer in facts["layers"])
    assert facts["receptive_field"]["samples"] == 128
    assert facts["receptive_field"]["milliseconds"] == 8.0
    assert facts["card"]["licence"] == "CC0-1.0"
    assert str(folder) not in json.dumps([facts["id"], facts["files"]])
    records = get(client, "runs/metrics", run="runs:first")["records"]
    assert [each["step"] for each in records] == [1, 2, 3, 4]
    assert get(client, "runs/metrics", run="runs:first", after=2)["records"] == records[2:]
    sound = client.get(
        "/api/runs/file", params={"run": "runs:first", "name": "artifacts/generated.wav"}
    )
    assert sound.content == (folder / "runs/first/artifacts/generated.wav").read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        "runs:../outside", "runs:first/../../outside", "runs:/etc", "runs:", "first", "data:mine",
        "runs:nothing", "runs:first/logs", "runs:\0", "models:..", "runs:..\\outside", "secret:x",
    ],
)  # fmt: skip
def test_nothing_outside_of_the_folders(client: TestClient, folder: Path, name: str):
    for path in ("runs/facts", "runs/metrics"):
        assert client.get(f"/api/{path}", params={"run": name}).status_code == 404
    assert client.post("/api/generations", json={"run": name}).status_code == 404
    assert client.post("/api/trainings/resume", json={"run": name}).status_code in (403, 404)
    assert client.get("/api/datasets/recordings", params={"dataset": name}).status_code in (
        404, 200 if name == "data:mine" else 404,
    )  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["config.yaml", "checkpoints/best.safetensors", "results/../config.yaml",
     "artifacts/../../../outside/artifacts/generated.wav", "/etc/passwd", "artifacts/none.wav"],
)  # fmt: skip
def test_only_what_a_run_made_is_fetched(client: TestClient, name: str):
    answer = client.get("/api/runs/file", params={"run": "runs:first", "name": name})
    assert answer.status_code == 404


def test_a_link_out_of_the_folder_is_not_followed(client: TestClient, folder: Path):
    link = folder / "runs" / "linked"
    link.symlink_to(folder / "outside")
    try:
        answer = client.get("/api/runs/facts", params={"run": "runs:linked"})
        assert answer.status_code == 404
    finally:
        link.unlink()


def test_models_of_the_codec(client: TestClient):
    models = {model["id"]: model for model in get(client, "models")["models"]}
    assert {"cnn", "gru"} <= set(models)
    assert models["cnn"]["receptive_field"]["samples"] == 128
    assert models["cnn"]["receptive_field"]["dilations"] == [1, 2, 4, 8, 16, 32, 64]
    assert models["cnn"]["card"]["licence"]


@pytest.mark.parametrize("prime", [None, "library:tone.wav"])
def test_the_same_bytes_as_the_command(
    client: TestClient, folder: Path, tmp_path: Path, prime: str | None
):
    wish = {"seconds": 0.3, "temperature": 0.8, "top_k": 64, "top_p": 0.9, "seed": 42}
    job = begun(client, "generations", run="runs:first", prime=prime, prime_seconds=0.25, **wish)
    made = over(client, f"generations/{job}")
    assert made["state"] == "done", made
    assert made["begins_with"] == ("nothing" if prime is None else "0.25 s of a recording")
    words = ["generate", str(folder / "runs/first"), str(tmp_path / "out.wav"), "-q"]
    for name, value in wish.items():
        words += [f"--{name.replace('_', '-')}", str(value)]
    if prime is not None:
        words += ["--prime", str(folder / "library/tone.wav"), "--prime-seconds", "0.25"]
    done = CliRunner().invoke(cli, words, prog_name="nlac")
    assert done.exit_code == 0, done.output
    expected = (tmp_path / "out.wav").read_bytes()
    answer = client.get("/api/download", params={"ref": made["ref"]})
    assert answer.content == expected
    # what was heard while it was made, from any place on
    heard = client.get(f"/api/generations/{job}/samples").content
    assert expected.endswith(heard)
    assert len(heard) == 2 * 4800
    later = client.get(f"/api/generations/{job}/samples", params={"start": 1000}).content
    assert later == heard[2000:]
    assert client.get(f"/api/generations/{job}/samples?start=4800").content == b""
    listed = client.get("/api/audio", params={"ref": made["ref"]}, headers={"Range": "bytes=0-3"})
    assert (listed.status_code, listed.content) == (206, b"RIFF")


def test_generation_that_is_stopped_keeps_what_there_is(client: TestClient):
    job = begun(client, "generations", run="models:given", seconds=600, seed=3)
    end = time.monotonic() + 60
    while get(client, f"generations/{job}")["frames"] < 5000:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert client.delete(f"/api/generations/{job}").status_code == 204
    made = over(client, f"generations/{job}")
    assert (made["state"], made["error"]) == ("stopped", "")
    kept = client.get("/api/audio", params={"ref": made["ref"]}).content
    assert kept[:4] == b"RIFF"
    assert kept.endswith(client.get(f"/api/generations/{job}/samples").content)
    # the last event has the same, and says that it is the last
    with client.stream("GET", f"/api/generations/{job}/events") as stream:
        text = "".join(stream.iter_text())
    assert json.loads(text.split("data: ")[1].split("\n")[0])["ref"] == made["ref"]
    assert "event: end" in text
    assert get(client, "generations")[0]["id"] == job


@pytest.mark.parametrize(
    ("wish", "code", "text"),
    [
        ({"seconds": 0}, 422, "seconds"),
        ({"seconds": 1e9}, 422, "seconds"),
        ({"temperature": -1}, 422, "temperature"),
        ({"top_p": 0}, 422, "top_p"),
        ({"seed": -1}, 422, "seed"),
        ({"prime": "library:../outside/config.yaml"}, 404, "there is no"),
        ({"prime": "upload:nothing"}, 404, "there is no"),
    ],
)
def test_wishes_that_are_refused(client: TestClient, wish: dict, code: int, text: str):
    answer = client.post("/api/generations", json={"run": "runs:first", **wish})
    assert answer.status_code == code
    assert text in answer.json()["detail"]


def test_wishes_that_the_model_refuses(client: TestClient):
    job = begun(client, "generations", run="runs:first", label="piano", seconds=0.1)
    made = over(client, f"generations/{job}")
    assert made["state"] == "failed"
    assert "without labels" in made["error"]
    assert made["ref"] is None
    assert client.get("/api/audio", params={"ref": f"generated:{job}"}).status_code == 404


def test_recipes_and_data(client: TestClient, folder: Path):
    recipes = {each["name"]: each for each in get(client, "recipes")}
    assert recipes["wavenet"]["train"]["steps"] == 3000
    assert "mu-law" in recipes["wavenet"]["about"]
    data = {each["id"]: each for each in get(client, "datasets")["datasets"]}
    assert data["synthetic"]["splits"]["train"]["recordings"] == 56
    assert data["data:mine"]["rate"] == 8000
    rows = get(client, "datasets/recordings", dataset="data:mine", limit=3)
    assert rows["total"] == 10
    assert len(rows["rows"]) == 3
    found = get(client, "datasets/recordings", dataset="synthetic", query="CHORD", split="test")
    assert found["total"] == 2
    row = found["rows"][0]
    parameters = {"dataset": "synthetic", "index": row["index"]}
    sound = client.get("/api/datasets/audio", params=parameters)
    (Path(folder) / "sound.wav").write_bytes(sound.content)
    samples, rate = soundfile.read(folder / "sound.wav")
    assert (rate, len(samples)) == (16000, round(16000 * row["seconds"]))
    part = client.get("/api/datasets/audio", params=parameters, headers={"Range": "bytes=44-99"})
    assert part.content == sound.content[44:100]
    saved = client.get("/api/datasets/audio", params={**parameters, "download": True})
    assert "attachment" in saved.headers["content-disposition"]
    answer = client.get("/api/datasets/audio", params={"dataset": "synthetic", "index": 10**6})
    assert answer.status_code == 404


def test_training_stops_with_a_checkpoint_and_goes_on(client: TestClient, folder: Path):
    wish = {"recipe": "gru", "dataset": "data:mine", "batch": 2, "rate": 0.001, "seed": 7}
    job = begun(client, "trainings", name="w1", steps=5000, **wish)
    again = client.post("/api/trainings", json={"name": "w1", "steps": 3, **wish})
    assert again.status_code == 409
    end = time.monotonic() + 120
    while not (state := get(client, f"trainings/{job}"))["step"]:
        assert time.monotonic() < end, state
        assert state["state"] in ("waiting", "running"), state
        time.sleep(0.05)
    assert state["steps"] == 5000
    assert client.delete(f"/api/trainings/{job}").status_code == 204
    stopped = over(client, f"trainings/{job}")
    assert (stopped["state"], stopped["run_state"]) == ("done", "interrupted"), stopped
    facts = get(client, "runs/facts", run="runs:w1")
    assert (facts["state"], facts["goes_on"]) == ("interrupted", "")
    assert facts["config"]["train"]["rate"] == 0.001
    assert facts["config"]["train"]["seed"] == 7
    step = facts["step"]
    assert step == stopped["step"]
    assert (folder / "runs/w1/checkpoints/last.safetensors").is_file()
    steps = step + 3
    job = begun(client, "trainings/resume", run="runs:w1", steps=steps)
    done = over(client, f"trainings/{job}")
    assert (done["run_state"], done["step"]) == ("finished", steps), done
    assert len(get(client, "runs/facts", run="runs:w1")["sessions"]) == 2
    refused = client.post("/api/trainings/resume", json={"run": "runs:w1"})
    assert refused.status_code == 409
    assert "finished" in refused.json()["detail"]
    assert get(client, "trainings")[0]["run"] == "runs:w1"


@pytest.mark.parametrize(
    ("wish", "code", "text"),
    [
        ({"name": "../up"}, 422, "name"),
        ({"name": "first"}, 409, "first: there is"),
        ({"recipe": "nothing"}, 422, "wavenet"),
        ({"recipe": "../../mine.yaml"}, 422, "wavenet"),
        ({"dataset": "data:../outside"}, 404, "there is no"),
        ({"steps": 0}, 422, "steps"),
        ({"steps": 3, "epochs": 2}, 422, "one of them"),
    ],
)
def test_training_that_is_refused(client: TestClient, wish: dict, code: int, text: str):
    answer = client.post("/api/trainings", json={"name": "new", "recipe": "gru", **wish})
    assert answer.status_code == code, answer.text
    assert text in answer.json()["detail"]
    assert get(client, "runs")["runs"] is not None


def test_training_that_does_not_suit_the_data(client: TestClient, folder: Path):
    job = begun(client, "trainings", name="odd", recipe="mel", dataset="data:mine", epochs=0.01)
    failed = over(client, f"trainings/{job}")
    assert failed["state"] == "failed"
    assert "8000" in failed["error"]
    # the name is free again
    assert not (folder / "runs/odd").exists()


def test_a_server_without_folders(tmp_path: Path):
    with TestClient(create_app(Settings(hosts=("testserver",)))) as client:
        assert get(client, "runs") == {"runs": [], "problems": []}
        assert len(get(client, "models")["models"]) >= 3
        answer = client.post("/api/trainings", json={"name": "new", "recipe": "gru"})
        assert answer.status_code == 403
        assert [each["id"] for each in get(client, "datasets")["datasets"]] == ["synthetic"]


def test_a_server_that_ends_ends_training(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    settings = Settings(runs=folder / "runs", hosts=("testserver",))
    with TestClient(create_app(settings)) as client:
        job = begun(client, "trainings", name="cut", recipe="gru", steps=5000, batch=2)
        end = time.monotonic() + 120
        while not get(client, f"trainings/{job}")["step"]:
            assert time.monotonic() < end
            time.sleep(0.05)
    with TestClient(create_app(settings)) as client:
        facts = get(client, "runs/facts", run="runs:cut")
        assert (facts["state"], facts["goes_on"]) == ("interrupted", "")
