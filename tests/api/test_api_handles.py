"""Open files as arrays, in threads and in pickles; parts as soundfile reads them; writers."""

from __future__ import annotations

import gc
import io
import pickle
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from stream_tools import BLOCK, RATE

import nlac
from nlac import _parallel as parallel
from nlac._errors import UsageError

FRAMES = 5 * BLOCK + 3


@pytest.fixture(params=[1, 2])
def samples(request):
    values = np.random.default_rng(1).integers(-30000, 30000, (FRAMES, request.param))
    return values.astype(np.int16)[:, 0] if request.param == 1 else values.astype(np.int16)


@pytest.fixture
def path(samples, tmp_path):
    nlac.write(tmp_path / "a.nlac", samples, RATE, block_seconds=BLOCK / RATE)
    return tmp_path / "a.nlac"


def test_a_file_is_like_an_array(path, samples):
    with nlac.open(path) as file:
        assert (file.shape, file.dtype, file.ndim) == (samples.shape, np.int16, samples.ndim)
        assert len(file) == FRAMES
        file.seek(7)
        for again in (np.asarray(file), np.array(file), file[:], file[...], file[()]):
            assert again.dtype == np.int16
            np.testing.assert_array_equal(again, samples)
        assert np.asarray(file, np.float64).dtype == np.float64
        np.testing.assert_array_equal(np.stack(list(file)), samples)
        # none of that moves the file
        assert file.tell() == 7
        with pytest.raises(ValueError, match="copy"):
            np.array(file, copy=False)


NUMBERS = [None, 0, 1, 17, FRAMES - 1, FRAMES, FRAMES + 9, -1, -20, -FRAMES, -FRAMES - 9]


@pytest.mark.parametrize("step", [None, 1, 2, 50, -1, -3])
def test_slices(path, samples, step):
    with nlac.open(path) as file:
        for start in NUMBERS:
            for stop in NUMBERS:
                key = slice(start, stop, step)
                np.testing.assert_array_equal(file[key], samples[key])
                if samples.ndim == 2:
                    np.testing.assert_array_equal(file[key, 1], samples[key, 1])
                    np.testing.assert_array_equal(file[key, ::-1], samples[key, ::-1])


def test_single_frames(path, samples):
    with nlac.open(path) as file:
        for index in (0, 5, -1, -FRAMES, np.int64(9)):
            np.testing.assert_array_equal(file[index], samples[index])
            if samples.ndim == 2:
                assert file[index, 1] == samples[index, 1]
        for bad in (FRAMES, -FRAMES - 1):
            with pytest.raises(IndexError):
                file[bad]
        with pytest.raises(IndexError):
            file[0, 5]
        with pytest.raises(UsageError, match="index"):
            file["a"]


def test_only_what_is_asked_for_is_decoded(path, samples):
    data = bytearray(path.read_bytes())
    data[data.index(b"\xa5nlB") + 40] ^= 1
    with nlac.open(bytes(data)) as file:
        np.testing.assert_array_equal(file[-BLOCK:], samples[-BLOCK:])
        with pytest.raises(nlac.CorruptStream):
            file[:3]


def test_as_soundfile_reads(path, samples):
    def read(*arguments, **named):
        return nlac.read(path, *arguments, **named)[0]

    np.testing.assert_array_equal(read(frames=10), samples[:10])
    np.testing.assert_array_equal(read(5, frames=10), samples[5:15])
    np.testing.assert_array_equal(read(-5, frames=10), samples[-5:])
    filled = read(-5, frames=10, fill_value=3)
    np.testing.assert_array_equal(filled[:5], samples[-5:])
    assert (filled[5:] == 3).all()
    assert filled.shape == (10, *samples.shape[1:])
    with pytest.raises(UsageError, match="frames and stop"):
        read(0, 5, frames=5)
    assert read(frames=0).shape == (0, *samples.shape[1:])
    assert read(frames=3, always_2d=True).ndim == 2


def test_reading_into_an_array(path, samples):
    def read(*arguments, **named):
        return nlac.read(path, *arguments, **named)[0]

    shape = (20, *samples.shape[1:])
    out = np.zeros(shape, np.float64)
    part = read(3, out=out)
    assert part.base is out or part is out
    np.testing.assert_array_equal(out * 2**15, samples[3:23])
    out = np.full(shape, 9, np.int16)
    assert read(-5, out=out).shape == (5, *samples.shape[1:])
    np.testing.assert_array_equal(out[:5], samples[-5:])
    assert (out[5:] == 9).all()
    assert len(read(-5, out=out, fill_value=4)) == 20
    assert (out[5:] == 4).all()
    with nlac.open(path) as file:
        file.read(out=out)
        np.testing.assert_array_equal(out, samples[:20])
        assert file.tell() == 20
        file.read(2, out=out)
        np.testing.assert_array_equal(out[:2], samples[20:22])
    for bad in (np.zeros((20, 3), np.int16), np.zeros(shape, np.uint8)):
        with pytest.raises(UsageError):
            read(out=bad)
    with pytest.raises(UsageError, match="do not fit"):
        read(frames=21, out=out)


def test_threads_share_a_handle(path, samples):
    with nlac.open(path, threads=1) as file:
        start = threading.Barrier(4)

        def look(seed: int) -> None:
            rng = np.random.default_rng(seed)
            start.wait()
            for _ in range(100):
                first, last = sorted(rng.integers(0, FRAMES + 1, 2))
                np.testing.assert_array_equal(file[first:last], samples[first:last])
                assert file.info.num_frames == FRAMES

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(look, range(4)))
            pieces = list(pool.map(lambda _: file.read(2), range(FRAMES)))
    # every frame was read once
    order = sorted(piece.tobytes() for piece in pieces if len(piece))
    assert order == sorted(samples[i : i + 2].tobytes() for i in range(0, FRAMES, 2))


def test_pickles(path, samples, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with nlac.open("a.nlac", threads=1) as file:
        file.seek(9)
        pickled = pickle.dumps(file)
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    with pickle.loads(pickled) as again:
        assert again.tell() == 9
        np.testing.assert_array_equal(again.read(), samples[9:])
    with nlac.open(path.read_bytes()) as file, pickle.loads(pickle.dumps(file)) as again:
        np.testing.assert_array_equal(again[:], samples)
    with path.open("rb") as opened, nlac.open(opened) as file, pytest.raises(TypeError):
        pickle.dumps(file)
    with pytest.raises(UsageError, match="closed"):
        pickle.dumps(file)


FORM = {"sample_rate": RATE, "channels": 1, "bits_per_sample": 16}


def test_a_forgotten_writer_is_completed_and_told(tmp_path):
    path = tmp_path / "a.nlac"
    file = nlac.open(path, "w", **FORM)
    file.write(np.arange(100, dtype=np.int16))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        del file
        gc.collect()
    assert any("a.nlac was not closed" in str(each.message) for each in told)
    np.testing.assert_array_equal(nlac.read(path)[0], np.arange(100))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        file = nlac.open(tmp_path / "b.nlac", "w", **FORM)
        file.close()
        del file
        gc.collect()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.nlac", "b.nlac"]


FORGETFUL = """
import sys
sys.path.insert(0, {tools!r})
import nlac, numpy, pytest, verbatim
verbatim.install(pytest.MonkeyPatch())
file = nlac.open("a.nlac", "w", sample_rate=8000, channels=1, bits_per_sample=16)
file.write(numpy.arange(100, dtype=numpy.int16))
"""


def test_a_writer_forgotten_until_the_end(tmp_path):
    tools = next(each for each in sys.path if each.endswith("bitstream"))
    command = [sys.executable, "-W", "default", "-c", FORGETFUL.format(tools=tools)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "ResourceWarning: the writer of a.nlac was not closed" in done.stderr
    assert "Traceback" not in done.stderr
    np.testing.assert_array_equal(nlac.read(tmp_path / "a.nlac")[0], np.arange(100))


@pytest.mark.parametrize("granted", [0, 1])
def test_threads_that_cannot_be_started(monkeypatch, granted):
    class Thread(threading.Thread):
        left = granted

        def start(self) -> None:
            if not Thread.left:
                raise RuntimeError("can't start new thread")
            Thread.left -= 1
            super().start()

    monkeypatch.setattr(parallel.threading, "Thread", Thread)
    assert list(parallel.ordered_map(lambda n: n * n, range(20), 4)) == [n * n for n in range(20)]
    out = io.BytesIO()
    Thread.left = granted
    nlac.write(out, np.arange(99, dtype=np.int16), RATE, block_seconds=BLOCK / RATE)
    Thread.left = 10
    np.testing.assert_array_equal(nlac.read(out)[0], np.arange(99))
