"""`nlac.torch.AudioDataset`: crops of archives, the same in every process."""

from __future__ import annotations

import pickle
from collections import Counter

import numpy as np
import pytest
from data_tools import RATE, tone
from strategies import make

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from torch.utils.data import DataLoader

import nlac
from nlac._errors import CorruptStream, UsageError
from nlac.torch import AudioDataset, LocalBatches, archives

FRAMES = 500
BLOCK = 2000


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    for i, frames in enumerate((9000, 7001, 400)):
        where = folder / "deep" / f"{i}.nlac" if i else folder / f"{i}.nlac"
        where.parent.mkdir(exist_ok=True)
        nlac.write(where, tone(i, frames, 2), RATE, block_seconds=BLOCK / RATE, preset="fast")
    (folder / "note.txt").write_text("no audio")
    return folder


def whole(path) -> np.ndarray:
    return nlac.read(path)[0].T


def test_crops_are_parts_of_recordings(archive):
    crops = AudioDataset(archive, FRAMES, crops=200)
    assert (crops.sample_rate, crops.channels, crops.bits_per_sample) == (RATE, 2, 16)
    assert len(AudioDataset(archive, FRAMES)) == 16401 // FRAMES
    begins = Counter()
    for i in range(len(crops)):
        path, begin = crops.place(i)
        expected = np.zeros((2, FRAMES), np.int32)
        part = whole(path)[:, begin : begin + FRAMES]
        expected[:, : part.shape[1]] = part
        assert crops[i].dtype == torch.int32
        np.testing.assert_array_equal(crops[i].numpy(), expected)
        begins[path.name] += 1
    # by length, and the short one is filled with zeros
    assert 100 < begins["0.nlac"] < 130
    assert set(begins) >= {"0.nlac", "1.nlac"}
    short = crops.crop(archive / "deep" / "2.nlac", 0)
    np.testing.assert_array_equal(short[:, :400].numpy(), whole(archive / "deep" / "2.nlac"))
    assert not short[:, 400:].any()
    with pytest.raises(IndexError):
        crops[200]


def test_epochs_and_seeds_differ(archive):
    crops = AudioDataset(archive, FRAMES, seed=1)
    first = [crops.place(i) for i in range(len(crops))]
    assert [AudioDataset(archive, FRAMES, seed=1).place(i) for i in range(len(crops))] == first
    assert [AudioDataset(archive, FRAMES, seed=2).place(i) for i in range(len(crops))] != first
    crops.set_epoch(1)
    assert [crops.place(i) for i in range(len(crops))] != first
    # each crop stays in its part, so that every epoch goes through all of the audio
    assert [path for path, _ in first[:10]] == [crops.place(i)[0] for i in range(10)]


def test_types(archive, tmp_path):
    plain = AudioDataset(archive, FRAMES)[3]
    small = AudioDataset(archive, FRAMES, dtype="int16")[3]
    scaled = AudioDataset(archive, FRAMES, dtype="float32")[3]
    assert (small.dtype, scaled.dtype) == (torch.int16, torch.float32)
    assert torch.equal(small.int(), plain)
    assert torch.equal(scaled * 32768, plain.float())
    wave = np.sin(np.arange(3000) * 0.1).astype(np.float32)
    nlac.write(tmp_path / "f.nlac", wave, RATE)
    floats = AudioDataset(tmp_path / "f.nlac", 3000, dtype="float32")
    np.testing.assert_array_equal(floats[0].numpy()[0], wave)
    wide = tone(1).astype(np.int32) * 256
    nlac.write(tmp_path / "w.nlac", wide, RATE, bits_per_sample=24)
    np.testing.assert_array_equal(AudioDataset([tmp_path / "w.nlac"], 2000)[0].numpy(), wide.T)
    for name, dtype, message in (
        ("f.nlac", "int32", "holds float samples"),
        ("w.nlac", "int16", "has samples of 24 bits"),
        ("w.nlac", "int64", "dtype 'int64'; int16, int32, float32"),
    ):
        with pytest.raises(UsageError, match=message):
            AudioDataset(tmp_path / name, FRAMES, dtype=dtype)


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_workers_give_the_same_crops(archive, workers):
    crops = AudioDataset(archive, FRAMES, crops=40)
    # what this process has opened is of no use to others
    expected = torch.stack([crops[i] for i in range(40)])
    found = torch.cat(list(DataLoader(crops, batch_size=7, num_workers=workers)))
    assert torch.equal(found, expected)
    again = pickle.loads(pickle.dumps(crops))
    assert torch.equal(again[5], expected[5])


@pytest.mark.parametrize(("blocks", "workers"), [(1, 1), (3, 1), (16, 1), (2, 2), (2, 3)])
def test_local_batches_decode_each_block_once(archive, monkeypatch, blocks, workers):
    decoded = Counter()
    decode = archives.decode_part

    def counting(block, *rest):
        decoded[block.offset, block.header.num_frames] += 1
        return decode(block, *rest)

    monkeypatch.setattr(archives, "decode_part", counting)
    crops = AudioDataset(archive, 10, crops=300, cache_bytes=20 * 4 * BLOCK)
    batches = LocalBatches(crops, 8, blocks=blocks, workers=workers, seed=3)
    order = list(batches)
    assert len(order) == len(batches)
    assert max(map(len, order)) == 8
    assert sorted(i for batch in order for i in batch) == list(range(300))
    assert list(batches) == order
    for batch in order:
        for i in batch:
            crops[i]
    # 5 blocks, 4, and 1: none was decoded twice
    assert sum(decoded.values()) == 10
    crops.set_epoch(1)
    assert list(batches) != order
    assert sum(len(batch) for batch in DataLoader(crops, batch_sampler=batches)) == 300
    # batches go to workers in turn, and blocks of one are not another's
    of = [{crops.block_of(i) for b in order[w : 3 * workers : workers] for i in b}
          for w in range(workers)]  # fmt: skip
    assert sum(map(len, of)) == len(set().union(*of))


def test_a_crop_decodes_what_it_needs(tmp_path, monkeypatch):
    """The first visit takes slices, the second all of the block; LocalBatches all at once."""
    samples = make("music", 120_000, 2).astype(np.int16)
    nlac.write(tmp_path / "a.nlac", samples, 8000, preset="fast", block_seconds=15)
    decoded = []
    decode = archives.decode_part

    def noting(*arguments):
        part = decode(*arguments)
        decoded.append(len(part.samples))
        return part

    monkeypatch.setattr(archives, "decode_part", noting)
    crops = AudioDataset(tmp_path, 4000, crops=9, dtype="int16")
    for begin in (70_000, 71_000, 10_000, 100_000):
        found = crops.crop(tmp_path / "a.nlac", begin)
        np.testing.assert_array_equal(found.numpy().T, samples[begin : begin + 4000])
    assert len(decoded) == 2
    assert 4000 <= decoded[0] < 60_000
    assert decoded[1] == 120_000
    local = AudioDataset(tmp_path, 4000, crops=9, dtype="int16")
    LocalBatches(local, 4)
    local[0]
    assert decoded[2:] == [120_000]


def test_the_cache_is_bounded(archive, monkeypatch):
    decoded = []
    decode = archives.decode_part
    monkeypatch.setattr(
        archives, "decode_part", lambda *a: decoded.append(a[0].offset) or decode(*a)
    )
    path = archive / "0.nlac"
    for cache_bytes, expected in ((0, 4), (2 * 4 * BLOCK, 2), (1 << 20, 2)):
        decoded.clear()
        crops = AudioDataset([path], 100, cache_bytes=cache_bytes)
        for begin in (0, 50, 2100, 0, 2100):
            crops.crop(path, begin)
        assert len(decoded) == expected


def test_what_is_wrong_is_named(archive, tmp_path):
    (tmp_path / "none").mkdir()
    nlac.write(tmp_path / "a.nlac", tone(1, channels=2), 2 * RATE)
    nlac.write(tmp_path / "b.nlac", tone(1, 3000), RATE)
    (tmp_path / "c.nlac").write_bytes(b"nothing of the kind")
    for files, frames, error, message in (
        (tmp_path / "x", 1, UsageError, "does not exist"),
        (tmp_path / "none", 1, UsageError, "no nlac file was found"),
        (archive, 0, UsageError, "frames: 0; a whole number of 1 or more"),
        ([archive, tmp_path / "a.nlac"], 1, UsageError, r"a\.nlac has 16000 Hz, 2 channels"),
        ([archive, tmp_path / "b.nlac"], 1, UsageError, r"b\.nlac has 8000 Hz, 1 channels"),
        ([tmp_path / "c.nlac"], 1, nlac.BadMagic, r"c\.nlac"),
    ):
        with pytest.raises(error, match=message):
            AudioDataset(files, frames)
    with pytest.raises(UsageError, match="batch_size: 0"):
        LocalBatches(AudioDataset(archive, 1), 0)
    data = bytearray((tmp_path / "b.nlac").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "b.nlac").write_bytes(data)
    with pytest.raises(CorruptStream):
        AudioDataset(tmp_path / "b.nlac", 100)[0]
