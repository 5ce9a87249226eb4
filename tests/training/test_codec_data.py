"""Training: configurations, recordings, crops, and which of them are drawn."""

from __future__ import annotations

import numpy as np
import pytest
from training_tools import sound

from nlac._errors import UsageError
from nlac.bench.corpus import find_items
from nlac.codec.encoder.analysis import analyse_block
from nlac.codec.encoder.cascade import CascadeSettings, suited
from nlac.codec.encoder.lpc.block import window_settings
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.encoder.presets import BASES
from nlac.predictors.neural.features import FEATURES
from nlac.training.codec.crops import make_crops
from nlac.training.codec.pool import Pool
from nlac.training.codec.recordings import Sound, augment, find_recordings, mix, read_crop
from nlac.training.codec.settings import CodecData


def test_recordings_are_divided(corpus):
    train, valid = find_recordings(str(corpus), ["music"])
    assert [item.name for item in train] == ["0.wav", "1.wav"]
    assert [item.name for item in valid] == ["2.wav"]
    with pytest.raises(UsageError, match="no category 'speech'"):
        find_recordings(str(corpus), ["speech"])
    # by their licence, of which whole words count
    manifest = corpus / "MANIFEST.tsv"
    manifest.write_text(manifest.read_text().replace("train\tCC0", "train\tCC BY-NC 4.0", 1))
    train, _ = find_recordings(str(corpus), [], ["NC", "B"])
    assert [item.name for item in train] == ["1.wav"]
    manifest.write_text(manifest.read_text().replace("valid\tCC0", "valid\tNC"))
    for avoid, purpose in (["NC"], "validate with"), (["NC", "CC0"], "train on"):
        with pytest.raises(UsageError, match=f"no recordings to {purpose}"):
            find_recordings(str(corpus), [], avoid)
    # without a manifest, by name: none is in both, and all are in one
    (corpus / "MANIFEST.tsv").unlink()
    for i in range(40):
        (corpus / f"more{i}.wav").write_bytes((corpus / "0.wav").read_bytes())
    parts = find_recordings(str(corpus), [])
    names = [{item.name for item in part} for part in parts]
    assert not names[0] & names[1]
    assert len(names[0] | names[1]) == 44


def test_crops_and_augmentation(corpus):
    item = find_items(corpus)[0]
    whole = sound(0).T
    rng = np.random.default_rng(2)
    kinds = set()
    for _ in range(30):
        piece = read_crop(item, 0.1, rng)
        crop, rate = piece
        assert rate == 16000
        assert crop.shape == (2, 1600)
        begin = np.flatnonzero((whole[0] == crop[0, 0]) & (whole[1] == crop[1, 0]))
        assert any(np.array_equal(whole[:, b : b + 1600], crop) for b in begin)
        changed, rate = augment(piece, rng)
        assert rate == 16000 * changed.shape[1] // 1600
        assert np.abs(changed).max() <= np.abs(crop).max() + 1
        kinds.add((changed.shape[1] == 1600, np.abs(changed).max() < np.abs(crop).max()))
    assert len(kinds) == 4


def test_sums_of_recordings():
    left = Sound(np.array([[4, -4, 6], [1, 2, 3]], np.int32), 48000)
    right = Sound(np.array([[2, 2, 1, 9]], np.int32), 8000)
    np.testing.assert_array_equal(mix(left, right).samples, [[3, -1, 4], [2, 2, 2]])
    assert mix(left, right).rate == 48000
    np.testing.assert_array_equal(mix(right, left).samples, [[3, -1, 4]])
    top = Sound(np.full((1, 2), 2**31 - 1, np.int32), 8000)
    np.testing.assert_array_equal(mix(top, top).samples, top.samples)


def test_crops_tell_what_coding_costs():
    crops = make_crops(Sound(np.ascontiguousarray(sound(5, 20000).T), 48000), "rls")
    assert len(crops) == 2
    for crop in crops:
        assert crop.features.shape == (20000, FEATURES)
        settled = slice(2000, None)
        # a Gaussian as wide as the mean error would cost about this
        rough = np.log2(crop.unit[settled] * np.sqrt(np.pi / 2)) + 2.05
        assert abs(float(np.mean(crop.bits[settled] - rough))) < 0.2
        assert abs(float(np.mean(np.abs(crop.error / crop.unit)[settled])) - 1) < 0.1
    assert make_crops(Sound(np.zeros((1, 500), np.int32), 48000), "rls") == []
    assert make_crops(Sound(np.ascontiguousarray(3 * sound(5, 3000).T), 48000), "rls") == []


def test_crops_have_the_experts_that_coding_would_take():
    # what a network never saw in training it would be told of by untrained weights
    echo = sound(6, 20000)[:, :1].T
    for i in range(150, echo.shape[1]):
        echo[0, i] += 3 * echo[0, i - 150] // 4
    for samples, has_long_windows in ((echo, True), (np.ascontiguousarray(sound(5).T), False)):
        (crop, *_) = make_crops(Sound(samples, 48000), "high")
        assert crop.features[:, 12 + 1].any()
        assert crop.features[:, 12 + 3].any() == has_long_windows
        assert not crop.features[:, 12 + 4].any()
        settings = CascadeSettings(
            BASES["high"], fallback=window_settings(EncodeOptions(), "cascade")
        )
        parameters = suited(settings.parameters, analyse_block(samples, settings.analysis))
        assert len(parameters.rls) == 3 + has_long_windows


def test_some_recordings_are_drawn_more_often(corpus, monkeypatch):
    manifest = corpus / "MANIFEST.tsv"
    manifest.write_text(manifest.read_text().replace("1.wav\tmusic", "1.wav\tspeech"))
    drawn = []

    def read(item, seconds, rng):
        drawn.append(item.name)
        return read_crop(item, seconds, rng)

    monkeypatch.setattr("nlac.training.codec.pool.read_crop", read)
    settings = {"corpus": str(corpus), "seconds": 0.25, "pool": 60, "length": 64, "burn_in": 16}
    for often, low, high in (({}, 20, 40), ({"speech": 5}, 46, 59)):
        train, _ = find_recordings(str(corpus), [])
        drawn.clear()
        Pool(train, CodecData(**settings, often=often), "rls", 4, 1).batch(0)
        assert low <= drawn.count("1.wav") <= high
    with pytest.raises(UsageError, match="often: no recordings of category talk"):
        Pool(train, CodecData(**settings, often={"talk": 2}), "rls", 4, 1)
