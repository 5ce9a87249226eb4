"""Datasets: the built-in set, batches, context, pairs, labels, augmentations."""

from __future__ import annotations

import numpy as np
import pytest
from data_tools import RATE, put, tone

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from nlac._errors import UsageError
from nlac.training.data import (
    CropLoader,
    CropSettings,
    PrepareSettings,
    fixed_crops,
    open_dataset,
    prepare,
)
from nlac.training.data.augment import Scene, augment, draw_speed, make_augmentations
from nlac.training.data.filters import filtered, high_pass, low_pass, peaking
from nlac.training.data.sounds import KINDS

ALL = [{"name": name} for name in ("gain", "polarity", "swap", "filter", "noise", "mix")]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Stereo recordings whose left samples tell recording and frame: 1000 * number + frame."""
    folder = tmp_path_factory.mktemp("loader")
    lines = ["file\tcategory\tsplit\tlicence"]
    lengths = {"long": 700, "middle": 300, "short": 50, "other": 200, "held": 400}
    for i, (name, frames) in enumerate(lengths.items()):
        left = 1000 * i + np.arange(frames) + 1
        put(folder / f"{name}.wav", np.stack([left, -left], 1).astype(np.int16))
        split = "valid" if name == "held" else "train"
        licence = "CC BY-NC 4.0" if name == "other" else "CC0"
        lines.append(f"{name}.wav\t{name[0]}\t{split}\t{licence}")
    (folder / "MANIFEST.tsv").write_text("\n".join(lines) + "\n")
    prepare([folder], folder / "set", PrepareSettings(RATE))
    return open_dataset(folder / "set")


def settings(**changes) -> CropSettings:
    return CropSettings(**{"frames": 64, "batch": 16} | changes)


def test_crops_are_parts_of_recordings(dataset):
    loader = CropLoader(dataset, "train", settings(), 3)
    seen = set()
    for step in range(30):
        batch = loader.batch(step)
        assert batch.samples.shape == (16, 2, 64)
        assert batch.samples.dtype == torch.int32
        assert batch.mask.dtype == torch.bool
        for samples, mask in zip(batch.samples.numpy(), batch.mask.numpy(), strict=True):
            count = int(mask.sum())
            first = int(samples[0, 0])
            recording = dataset.recordings[(first - 1) // 1000]
            assert count == min(64, recording.frames)
            assert mask[:count].all()
            np.testing.assert_array_equal(samples[0, :count], first + np.arange(count))
            np.testing.assert_array_equal(samples[1], -samples[0])
            assert not samples[:, count:].any()
            seen.add(first)
    # from all over the recordings
    assert min(seen) < 30
    assert 600 < max(first for first in seen if first < 1000) <= 637
    assert len(seen) > 200
    assert {(first - 1) // 1000 for first in seen} == {0, 1, 2, 3}


@pytest.mark.parametrize("augment", [(), [*ALL, {"name": "speed"}]])
def test_the_same_batches_whatever_the_workers(dataset, augment):
    if augment:
        pytest.importorskip("soxr", reason="soxr is not installed")
    chosen = settings(augment=augment, labels=["category"])
    for other in (0, 1):
        assert CropLoader(dataset, "train", chosen, 8).batch(other).samples.ne(0).any()
    loader = CropLoader(dataset, "train", chosen, 7)
    expected = [loader.batch(step) for step in range(2, 8)]
    for workers in (0, 1, 2):
        batches = CropLoader(dataset, "train", chosen, 7).batches(2, workers)
        for batch in expected:
            found = next(batches)
            assert torch.equal(found.samples, batch.samples)
            assert torch.equal(found.mask, batch.mask)
            assert torch.equal(found.labels["category"], batch.labels["category"])
        batches.close()
    another = CropLoader(dataset, "train", chosen, 8).batch(2)
    assert not torch.equal(another.samples, expected[0].samples)
    assert not torch.equal(expected[0].samples, expected[1].samples)


@pytest.mark.parametrize("augment", [(), ALL])
def test_processes_share_a_batch(dataset, augment):
    both = CropLoader(dataset, "train", settings(batch=8, augment=augment), 5).batch(4)
    halves = [
        CropLoader(dataset, "train", settings(batch=4, augment=augment), 5, rank=r, world=2)
        for r in (0, 1)
    ]
    parts = [half.batch(4).samples for half in halves]
    assert torch.equal(torch.cat(parts), both.samples)
    with pytest.raises(UsageError, match="rank 2 of 2"):
        CropLoader(dataset, "train", settings(), 5, rank=2, world=2)


def test_context(dataset):
    loader = CropLoader(dataset, "train", settings(context=100), 1)
    early = 0
    for step in range(40):
        batch = loader.batch(step)
        assert batch.samples.shape[2] == batch.mask.shape[1] == 164
        assert not batch.mask[:, :100].any()
        for samples, mask in zip(batch.samples.numpy(), batch.mask.numpy(), strict=True):
            at = int(samples[0, 100])
            recording = (at - 1) // 1000
            frame = at - 1 - 1000 * recording
            expected = np.arange(at - 100, at)
            # before the recording there is nothing
            expected[: max(0, 100 - frame)] = 0
            np.testing.assert_array_equal(samples[0, :100], expected)
            assert mask.sum() == min(64, dataset.recordings[recording].frames)
            early += frame < 100
    assert early


def test_pairs_for_continuation(dataset):
    loader = CropLoader(dataset, "train", settings(pair_frames=64, short="skip"), 1)
    assert (loader.num_recordings, loader.num_short) == (3, 1)
    batch = loader.batch(0)
    assert batch.samples.shape == (16, 2, 128)
    first, following = batch.samples[:, 0, :64], batch.samples[:, 0, 64:]
    assert torch.equal(first + 64, following)
    assert batch.mask.all()


def test_short_recordings(dataset):
    with pytest.raises(UsageError, match=r"short\.wav has 50 frames, fewer than the 64 of a crop"):
        CropLoader(dataset, "train", settings(short="refuse"), 1)
    with pytest.raises(UsageError, match="4 are shorter than a crop"):
        CropLoader(dataset, "train", settings(frames=9000, short="skip"), 1)
    batch = CropLoader(dataset, "train", settings(frames=900), 1).batch(0)
    lengths = batch.mask.sum(1)
    assert set(lengths.tolist()) <= {700, 300, 50, 200}
    assert not batch.samples[~batch.mask[:, None].expand_as(batch.samples)].any()


def test_mono_and_labels(dataset):
    chosen = settings(mono=True, labels=["category"])
    batch = CropLoader(dataset, "train", chosen, 1).batch(0)
    assert batch.samples.shape == (16, 1, 64)
    # left and right cancel
    assert not batch.samples.any()
    stereo = CropLoader(dataset, "train", settings(labels=["category"]), 1).batch(0)
    names = [dataset.recordings[(int(v) - 1) // 1000].name for v in stereo.samples[:, 0, 0]]
    values = dataset.label_values("category")
    assert [values[i] for i in batch.labels["category"].tolist()] == [name[0] for name in names]
    assert batch.labels["category"].dtype == torch.int64
    moved = batch.to("cpu")
    assert torch.equal(moved.labels["category"], batch.labels["category"])
    with pytest.raises(UsageError, match="has no label 'speaker'"):
        CropLoader(dataset, "train", settings(labels=["speaker"]), 1)


def shares(dataset, **changes) -> dict[str, float]:
    loader = CropLoader(dataset, "train", settings(batch=400, **changes), 1)
    firsts = loader.batch(0).samples[:, 0, 0].numpy()
    numbers = (firsts - 1) // 1000
    return {dataset.recordings[i].name[0]: float(np.mean(numbers == i)) for i in range(4)}


def test_which_recordings_are_drawn(dataset):
    assert shares(dataset)["l"] == pytest.approx(700 / 1250, abs=0.1)
    assert shares(dataset, weighting="recording")["s"] == pytest.approx(0.25, abs=0.08)
    assert shares(dataset, where={"category": ["m", "s"]}) == pytest.approx(
        {"l": 0, "m": 300 / 350, "s": 50 / 350, "o": 0}, abs=0.08
    )
    assert shares(dataset, avoid=["NC"])["o"] == 0
    assert shares(dataset, often={"category": {"o": 5}})["o"] == pytest.approx(
        1000 / 2050, abs=0.08
    )
    for changes, message in (
        ({"where": {"category": ["x"]}}, "label category is never 'x'; it is h, l, m, o, s"),
        ({"often": {"category": {"x": 2}}}, "never 'x'"),
        ({"where": {"mood": ["x"]}}, "no label 'mood'"),
        ({"avoid": ["CC0", "CC"]}, "no recordings in split train among those chosen"),
    ):
        with pytest.raises(UsageError, match=message):
            CropLoader(dataset, "train", settings(**changes), 1)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"frames": 0}, "frames: 0; a whole number of 1 or more"),
        ({"batch": 2.0}, "batch: 2.0"),
        ({"context": -1}, "context: -1; a whole number of 0 or more"),
        ({"short": "cut"}, "short: 'cut'; pad, skip, refuse"),
        ({"weighting": "none"}, "weighting: 'none'"),
        ({"often": {"a": {"b": 0}}}, r"often\.a\.b: 0"),
        ({"augment": [{"name": "echo"}]}, r"augment\[0\]\.name: 'echo'; there are .*gain"),
        ({"augment": [{"low": 1}]}, r"augment\[0\].*a mapping with a name"),
        ({"augment": [{"name": "gain", "lowest": 1}]}, r"augment\[0\]\.lowest: gain has no such"),
        ({"augment": [{"name": "gain", "low": "x"}]}, r"augment\[0\]\.low: 'x'; a number"),
        ({"augment": [{"name": "gain", "low": 5}]}, r"augment\[0\]\.low: 5; at most high"),
        ({"augment": [{"name": "swap", "share": 2}]}, r"augment\[0\]\.share: 2; 0 to 1"),
        ({"augment": [{"name": "speed", "low": 0.1}]}, r"augment\[0\]: speeds from 0\.1"),
        ({"augment": [{"name": "filter", "kind": "comb"}]}, r"kind: 'comb'; any, low, high"),
        ({"augment": [{"name": "filter", "low": 0}]}, r"1 Hz or more"),
    ],
)
def test_bad_settings_are_named(change, text):
    with pytest.raises(UsageError, match=text):
        settings(**change)


def test_validation_is_the_same_for_every_run(dataset):
    chosen = settings(batch=4)
    batches = fixed_crops(dataset, "train", chosen, 10)
    assert [len(batch.samples) for batch in batches] == [4, 4, 2]
    again = fixed_crops(dataset, "train", settings(batch=10, augment=ALL), 10)
    together = torch.cat([batch.samples for batch in batches])
    assert torch.equal(again[0].samples, together)
    # from as many recordings as there are
    assert len({int(v - 1) // 1000 for v in together[:4, 0, 0]}) == 4
    assert len({int(v) for v in together[:, 0, 0]}) >= 8
    with pytest.raises(UsageError, match="0 crops"):
        fixed_crops(dataset, "train", chosen, 0)
    with pytest.raises(UsageError, match="no recordings in split test"):
        fixed_crops(dataset, "test", chosen, 1)


def applied(name: str, crop: np.ndarray, seed: int = 0, **changes) -> np.ndarray:
    (made,) = make_augmentations([{"name": name, "share": 1, **changes}])
    other = np.full_like(crop, 1000.0)
    scene = Scene(RATE, 32767, lambda: other)
    return augment(crop.copy(), [made], np.random.default_rng(seed), scene)


def test_each_augmentation():
    crop = tone(5, 4000, 2).T.astype(np.float32)
    level = np.std(crop)
    for seed in range(5):
        factor = np.std(applied("gain", crop, seed, low=-12, high=-6)) / level
        assert 10 ** (-12 / 20) <= factor <= 10 ** (-6 / 20)
    assert np.abs(applied("gain", crop, low=60, high=60)).max() == pytest.approx(32767)
    np.testing.assert_array_equal(applied("polarity", crop), -crop)
    np.testing.assert_array_equal(applied("swap", crop), crop[::-1])
    noise = applied("noise", crop, low=20, high=20) - crop
    rms = np.sqrt(np.mean(crop**2))
    assert np.std(noise) == pytest.approx(rms / 10, rel=0.05)
    np.testing.assert_allclose(applied("mix", crop, low=0, high=0), (crop + 1000) / 2, rtol=1e-5)
    shaped = applied("filter", crop, kind="high", low=3000, high=3000)
    assert shaped.shape == crop.shape
    assert np.std(shaped) < 0.3 * level
    assert applied("filter", crop, kind="peak", low=500, high=500, gain=0) == pytest.approx(
        crop, abs=0.05
    )
    # never, and in about half of the cases
    (half,) = make_augmentations([{"name": "polarity"}])
    scene = Scene(RATE, 32767, lambda: crop)
    inverted = sum(
        augment(crop, [half], np.random.default_rng(s), scene)[0, 0] != crop[0, 0]
        for s in range(100)
    )
    assert 30 < inverted < 70
    never = make_augmentations([{"name": "polarity", "share": 0}])
    assert augment(crop, never, np.random.default_rng(1), scene) is crop


@pytest.mark.parametrize("biquad", [low_pass(900, 0.8, RATE), high_pass(300, 0.7, RATE),
                                    peaking(1000, 2.0, 5.0, RATE)])  # fmt: skip
def test_filters_are_those_of_their_recursion(biquad):
    signal = np.random.default_rng(3).normal(size=300)
    out = np.zeros(300)
    for n in range(300):
        for k, b in enumerate((biquad.b0, biquad.b1, biquad.b2)):
            out[n] += b * signal[n - k] if n >= k else 0
        for k, a in ((1, biquad.a1), (2, biquad.a2)):
            out[n] -= a * out[n - k] if n >= k else 0
    np.testing.assert_allclose(filtered(signal, [biquad], 400), out, atol=1e-9)


def test_speed_changes_time_and_pitch(tmp_path):
    pytest.importorskip("soxr", reason="soxr is not installed")
    hertz = 500.0
    wave = 10000 * np.sin(2 * np.pi * hertz * np.arange(3 * RATE) / RATE)
    put(tmp_path / "a.wav", np.rint(wave)[:, None].astype(np.int16))
    prepare([tmp_path / "a.wav"], tmp_path / "set", PrepareSettings(RATE, 1))
    data = open_dataset(tmp_path / "set")
    for speed in (0.5, 1.5):
        chosen = CropSettings(
            4000, 2, augment=[{"name": "speed", "low": speed, "high": speed}]
        )
        samples = CropLoader(data, "train", chosen, 1).batch(0).samples.numpy()[0, 0]
        spectrum = np.abs(np.fft.rfft(samples * np.hanning(4000)))
        found = np.argmax(spectrum) * RATE / 4000
        assert found == pytest.approx(hertz * speed, abs=3)
    rng = np.random.default_rng(0)
    both = make_augmentations([{"name": "speed"}, {"name": "speed"}])
    assert all(0.81 <= draw_speed(both, rng) <= 1.21 for _ in range(100))
    assert draw_speed(make_augmentations(ALL), rng) == 1.0


def test_what_is_filled_up_stays_zero(dataset):
    loader = CropLoader(dataset, "train", settings(frames=400, context=10, augment=ALL), 2)
    padded = 0
    for step in range(10):
        batch = loader.batch(step)
        assert not batch.mask[:, :10].any()
        after = ~batch.mask
        after[:, :10] = False
        padded += int(after.sum())
        assert not batch.samples[after[:, None].expand_as(batch.samples)].any()
        assert int(batch.samples.abs().max()) <= 32768
    assert padded


@pytest.mark.parametrize("channels", [1, 2])
def test_the_built_in_set(channels):
    first = open_dataset("synthetic", rate=8000, seconds=0.5, channels=channels, seed=1)
    again = open_dataset("synthetic", rate=8000, seconds=0.5, channels=channels, seed=1)
    other = open_dataset("synthetic", rate=8000, seconds=0.5, channels=channels, seed=2)
    assert first.manifest_hash == again.manifest_hash != other.manifest_hash
    assert (first.rate, first.channels, first.bits) == (8000, channels, 16)
    assert first.label_values("kind") == tuple(sorted(KINDS))
    assert first.licences == ("CC0-1.0",)
    hashes = set()
    for i, each in enumerate(first.recordings):
        samples = first.read(i)
        assert samples.shape == (4000, channels)
        assert samples.std() > 50
        assert np.abs(samples).max() < 32767
        np.testing.assert_array_equal(again.read(i), samples)
        hashes.add(samples.tobytes())
        assert each.frames == 4000
    assert len(hashes) == len(first.recordings)
    assert not np.array_equal(other.read(0), first.read(0))
    for split in ("train", "valid", "test"):
        assert {first.recordings[i].labels["kind"] for i in first.split(split)} == set(KINDS)
    loader = CropLoader(first, "train", settings(frames=1000), 1)
    batches = loader.batches(0, 1)
    assert torch.equal(next(batches).samples, loader.batch(0).samples)
    batches.close()
    for options, text in (({"rate": 10}, "rate: 10"), ({"seconds": 0}, "seconds: 0"),
                          ({"channels": 3}, "channels: 3")):  # fmt: skip
        with pytest.raises(UsageError, match=text):
            open_dataset("synthetic", **options)
