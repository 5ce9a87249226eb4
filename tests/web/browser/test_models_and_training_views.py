"""Models are shown and heard, and one is trained for a few steps, in a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

for _package in ("torch", "safetensors", "yaml"):
    pytest.importorskip(_package, reason=f"training needs {_package}")

from browser_tools import LOOP, Shown, serving

from nlac.training.background import TrainingWish, train_in_background
from nlac.training.config.shipped import find_config
from nlac.training.data.dataset import open_dataset
from nlac.training.generation.files import contained
from nlac.training.generation.live import AUDIO, Wish, generate_live
from nlac.training.generation.sampling import Sampling
from nlac.training.runs.folder import RunFolder

TINY = {
    "train.steps": 4, "train.batch": 2, "train.workers": 0, "train.threads": 1, "train.warmup": 0,
    "data.valid_crops": 2, "data.synthetic": {"seconds": 0.5}, "data.frames": 256,
    "model.residual": 8, "model.gate": 8, "model.skip": 8, "model.layers": 4,
}  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a run."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nlac.training.loop.results._SAMPLE_SECONDS", 0.05)
        config = str(find_config("wavenet"))
        wish = TrainingWish(config, str(folder / "first"), "synthetic", TINY)
        train_in_background(lambda facts: None, wish)
    return folder


@pytest.fixture(scope="module")
def server(runs: Path, browser: object) -> Iterator[str]:
    """Address of a server with runs."""
    with pytest.MonkeyPatch.context() as patch, serving(runs=runs) as port:
        # of the processes that train: on a busy machine threads wait for each other
        patch.setenv("OMP_NUM_THREADS", "1")
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def shown(show: Callable[..., Shown], server: str) -> Shown:
    shown = show(server)
    shown.page.context.set_default_timeout(120_000)
    return shown


def test_all_about_a_run(shown: Shown) -> None:
    page = shown.open("models")
    page.wait_for_selector(".curve canvas")
    text = page.inner_text("main")
    for part in ("first", "wavenet", "CC0-1.0", "stack.layers.3.taps", "16 samples, 1.00 ms"):
        assert part in text
    assert page.get_by_role("img", name="Tree of 4 layers with dilations 1, 2, 4, 8").count() == 1
    assert page.get_by_role("img", name="Curve of accuracy").count() == 1
    # curves are loaded only where they are shown
    assert any("uPlot" in url for url in shown.requests)
    page.get_by_role("link", name="cnn", exact=True).click()
    page.wait_for_selector("h2:text-is('Model cnn')")
    assert "128 samples" in page.inner_text("main")


def test_curves_are_not_loaded_for_the_first_view(shown: Shown) -> None:
    page = shown.open()
    page.wait_for_selector(".drop")
    assert not any("uPlot" in url or "models.js" in url for url in shown.requests)


def test_generation_is_heard_and_saved(shown: Shown, runs: Path, tmp_path: Path) -> None:
    page = shown.open("models?run=runs:first")
    page.get_by_label("seconds", exact=True).fill("0.5")
    page.get_by_label("temperature", exact=True).fill("0.9")
    page.get_by_label("top-k (0: all)").fill("100")
    # by the keyboard alone
    page.get_by_label("seed", exact=True).fill("7")
    page.keyboard.press("Enter")
    page.wait_for_selector(".live button:not([disabled])")
    page.locator(".live button").press("Enter")
    audio = page.wait_for_selector("audio[src*='generated%3A']")
    assert "seed 7, temperature 0.9, top-k 100" in page.inner_text(".made:has-text('seed 7')")
    page.wait_for_timeout(100)
    assert audio.evaluate(
        "audio => new Promise(done => audio.readyState ? done(audio.duration)"
        " : audio.addEventListener('loadedmetadata', () => done(audio.duration)))"
    ) == pytest.approx(0.5)
    assert audio.evaluate(
        "audio => new Promise(done => { audio.addEventListener('seeked',"
        " () => done(audio.currentTime)); audio.currentTime = 0.25; })"
    ) == pytest.approx(0.25)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download, seed 7").click()
    download.value.save_as(tmp_path / "saved.wav")
    wish = Wish(str(runs / "first"), 0.5, Sampling(temperature=0.9, top_k=100, seed=7))
    generate_live(lambda facts: None, wish, str(tmp_path))
    assert (tmp_path / "saved.wav").read_bytes() == (tmp_path / AUDIO).read_bytes()
    page.click("text=The same on the command line")
    assert "--top-k 100" in page.inner_text(".copyable")
    # it is still there when the page is loaded again
    page.reload()
    page.wait_for_selector("audio[src*='generated%3A']")


def test_generation_after_a_file_is_stopped(shown: Shown) -> None:
    page = shown.open("models?run=runs:first")
    page.get_by_label("seconds", exact=True).fill("600")
    page.set_input_files("input[type=file]", LOOP)
    page.wait_for_selector("text=seconds of it")
    page.get_by_label("seconds of it").fill("0.1")
    page.click("button:text-is('Generate')")
    page.wait_for_selector(".live button:not([disabled])")
    page.click("button:text-is('Stop')")
    made = page.wait_for_selector(".made:has-text('stopped')")
    assert "after a recording" in made.inner_text()


def test_what_a_model_cannot_do_is_told(shown: Shown) -> None:
    shown.forgiven = ("422",)
    page = shown.open("models?run=runs:first")
    page.route("**/api/generations", lambda route: route.continue_(
        post_data='{"run": "runs:first", "label": "piano"}'
    ) if route.request.method == "POST" else route.continue_())  # fmt: skip
    page.click("button:text-is('Generate')")
    assert "without labels" in page.wait_for_selector("#alerts .alert").inner_text()
    page.wait_for_selector("button:text-is('Generate'):not([disabled])")


def test_data_is_listened_to(shown: Shown, tmp_path: Path) -> None:
    page = shown.open("training")
    page.click("text=Listen to the data")
    page.wait_for_selector("text=1 to 12 of 84")
    page.get_by_label("Search the recordings").fill("pluck")
    page.get_by_label("Split").select_option("valid")
    page.wait_for_selector("text=1 to 2 of 2")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").first.click()
    download.value.save_as(tmp_path / "saved.wav")
    dataset = open_dataset("synthetic")
    index = next(i for i in dataset.split("valid") if "pluck" in dataset.recordings[i].name)
    expected = contained(dataset.read(index), dataset.rate, "wav")
    assert (tmp_path / "saved.wav").read_bytes() == expected
    page.get_by_role("button", name="Play").first.press("Enter")
    page.wait_for_selector("button:text-is('\u2016')")


def test_training_for_a_few_steps(shown: Shown, runs: Path) -> None:
    page = shown.open("training")
    page.get_by_label("recipe", exact=True).select_option("gru")
    page.get_by_label("name of the run").fill("page-1")
    page.get_by_label("batch", exact=True).fill("1")
    page.get_by_label("train for", exact=True).fill("3000")
    page.click("text=The same on the command line")
    assert "nlac train gru --data synthetic --set train.steps=3000" in page.inner_text(".copyable")
    page.click("button:text-is('Train')")
    card = page.locator("section[aria-label='Training of page-1']")
    card.get_by_text("of 3,000").wait_for()
    card.get_by_role("button", name="Stop, with a checkpoint").click()
    card.get_by_text("interrupted").wait_for()
    run = RunFolder(runs / "page-1")
    step = run.metadata()["results"]["step"]
    assert run.last.is_file()
    assert run.state() == "interrupted"
    page.get_by_label("Steps in all of page-1").fill(str(step + 2))
    page.get_by_role("button", name="Go on with page-1").click()
    card.get_by_text("finished").wait_for()
    assert f"step {step + 2:,} of {step + 2:,}" in card.inner_text()
    assert "validation" in card.inner_text()
    assert card.locator(".curve canvas").count() == 3
    assert run.state() == "finished"
    page.get_by_role("link", name="page-1").first.click()
    page.wait_for_selector("h2:text-is('Generate')")


def test_a_name_that_is_taken(shown: Shown) -> None:
    shown.forgiven = ("409",)
    page = shown.open("training")
    page.get_by_label("name of the run").fill("first")
    page.click("button:text-is('Train')")
    assert "first: there is a run" in page.wait_for_selector("#alerts .alert").inner_text()


def test_names_of_runs_are_text(shown: Shown) -> None:
    page = shown.page
    page.route("**/api/runs", lambda route: renamed(route))
    shown.open("models?model=cnn")
    page.wait_for_selector("text=onerror")
    assert page.locator("main img").count() == 0


def renamed(route: object) -> None:
    """Let the server tell of a run with a name that it would refuse."""
    answer = route.fetch()  # type: ignore[attr-defined]
    told = answer.json()
    for run in told["runs"]:
        run["id"] = run["recipe"] = "runs:<img src=x onerror=alert(1)>"
    route.fulfill(response=answer, json=told)  # type: ignore[attr-defined]


@pytest.mark.parametrize("view", ["models", "training"])
def test_views_fit_a_phone(show: Callable[..., Shown], server: str, view: str) -> None:
    shown = show(server, viewport={"width": 360, "height": 740})
    page = shown.open(view)
    page.wait_for_selector("section.card h2")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
