"""What callers give: numbers, tags, types and shapes; taken where clear, else told by name."""

from __future__ import annotations

import inspect
import io

import numpy as np
import pytest
from stream_tools import BLOCK, RATE, make_wav

import nlac
from nlac._errors import UnsupportedAudio, UsageError

SAMPLES = np.arange(-50, 50, dtype=np.int16).reshape(-1, 2)


def written(samples=SAMPLES, rate=RATE, **options) -> bytes:
    out = io.BytesIO()
    nlac.write(out, samples, rate, **options)
    return out.getvalue()


@pytest.mark.parametrize("rate", [8000.0, np.float32(8000), np.int64(8000), np.uint16(8000)])
def test_whole_rates_of_any_type(rate):
    assert written(rate=rate) == written(rate=8000)
    spec = nlac.RawSpec(rate, "s16le", 2)
    assert spec.format.sample_rate == 8000
    assert type(spec.sample_rate) is int


@pytest.mark.parametrize("rate", [44100.5, "48000", None, True, float("nan"), float("inf"), 8j])
def test_rates_that_are_no_whole_numbers(rate):
    with pytest.raises(UsageError, match="sample_rate"):
        written(rate=rate)
    with pytest.raises(UsageError, match="sample_rate"):
        nlac.RawSpec(rate, "s16le", 2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bits_per_sample", "24"),
        ("block_seconds", "a"),
        ("block_seconds", 0),
        ("block_seconds", float("nan")),
        ("threads", "2"),
        ("memory", "2G"),
        ("effort", "most"),
        ("preset", ["fast"]),
        ("predictor", 3),
        ("verify", "x"),
        ("verify", None),
        ("long_term", 1),
        ("predictor_options", "taps"),
        ("model", 3),
        ("channel_mask", "5.1"),
        ("speed", 3),
    ],
)
def test_wrong_values_are_told_by_name(name, value):
    with pytest.raises(UsageError, match=name):
        written(**{name: value})


def test_numbers_of_numpy():
    options = {"block_seconds": np.float32(0.5), "threads": np.int64(1), "effort": np.int8(0)}
    assert written(**options) == written(block_seconds=0.5)


def test_tags_in_every_form():
    expected = {"A": ["1"], "B": ["2", "3"]}
    for tags in (
        {"a": "1", "b": ["2", "3"]},
        {"a": ("1",), "b": ("2", "3")},
        [("a", "1"), ("b", "2"), ("b", "3")],
        (["a", "1"], ["b", ["2", "3"]]),
    ):
        with nlac.open(written(tags=tags)) as file:
            assert file.tags == expected


@pytest.mark.parametrize(
    "tags",
    [
        *({"a": 1}, {"a": [1]}, {"a": "\ud800"}, {1: "a"}),
        *([("a", 1)], ["ab"], [("a", "b", "c")], "a=b", 5),
    ],
)
def test_tags_that_are_no_texts(tags):
    with pytest.raises(UsageError, match="tag"):
        written(tags=tags)


def test_pictures_that_are_none():
    with pytest.raises(UsageError, match="picture of type bytes"):
        written(pictures=[b"front.png"])
    with pytest.raises(UsageError, match="2 pictures of type 2"):
        written(pictures=[nlac.Picture(2, "image/gif", "", 1, 1, 24, 0, b"gif")] * 2)
    picture = nlac.Picture(3, "image/png", "", 1, 1, 24, 0, b"png")
    assert written(pictures=picture) == written(pictures=[picture])


def test_options_are_in_the_signatures():
    names = set(nlac.EncodeOptions.__dataclass_fields__)
    for function in (nlac.write, nlac.encode, nlac.Encoder, nlac.NlacWriter):
        parameters = inspect.signature(function).parameters
        assert names <= set(parameters)
        assert parameters["preset"].default == "standard"
        assert not any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    from nlac.api.options import OptionFields

    assert set(OptionFields.__annotations__) == names


@pytest.mark.parametrize("dtype", ["float32", np.float32, np.dtype("float32"), np.dtype("<f4")])
def test_types_of_numpy(dtype):
    data = written()
    for samples in (
        nlac.read(data, dtype=dtype)[0],
        next(nlac.blocks(data, 100, dtype=dtype)),
        nlac.open(data).read(dtype=dtype),
    ):
        assert samples.dtype == np.float32
        np.testing.assert_array_equal(samples * 2**15, SAMPLES)
    assert nlac.read(data, dtype=float)[0].dtype == np.float64
    for bad in (np.uint8, int, complex, "nothing", 5):
        with pytest.raises(UsageError, match="dtype"):
            nlac.read(data, dtype=bad)


def test_floats_that_are_float32():
    values = np.array([0.5, -0.0, np.inf, np.nan, 1e-45, 3.4e38], np.float32)
    for dtype in (np.float64, np.longdouble, ">f8"):
        assert written(values.astype(dtype)) == written(values)
    assert written(np.array([0.5, -0.25], np.float16)) == written(np.array([0.5, -0.25], "f4"))
    encoder = nlac.Encoder(RATE, 1, 32, is_float=True)
    data = encoder.push(values.astype(float)) + encoder.finish()
    np.testing.assert_array_equal(nlac.read(data)[0], values)
    for bad in (0.1, 1e39, 2**24 + 1.0):
        with pytest.raises(UsageError, match=r"astype\(numpy.float32\), or scale"):
            written(np.array([0.5, bad]))


def test_unsigned_integers_get_a_hint():
    with pytest.raises(UsageError, match=r"if 128 is silence.*bits_per_sample=8"):
        written(np.zeros(3, np.uint8))
    unsigned = np.array([0, 128, 255], np.uint8)
    data = written(unsigned.astype(np.int64) - 128, bits_per_sample=8)
    np.testing.assert_array_equal(nlac.read(data)[0], [-128, 0, 127])


def test_masked_arrays_are_refused():
    masked = np.ma.masked_equal(SAMPLES, 3)
    with pytest.raises(UsageError, match="masked"):
        written(masked)
    with pytest.raises(UsageError, match="masked"):
        nlac.Encoder(RATE, 2, 16).push(masked)


def test_arrays_that_lie_on_their_side():
    with pytest.raises(UnsupportedAudio, match=r"1000 channels.*transpose it: samples\.T"):
        written(np.zeros((2, 1000), np.int16))
    with pytest.raises(UsageError, match=r"\(frames, 2\) is needed; transpose it"):
        nlac.Encoder(RATE, 2, 16).push(np.zeros((2, 100), np.int16))


@pytest.mark.parametrize("name", ["y.wav", "y.FLAC", "y.raw"])
def test_foreign_extensions(name, tmp_path):
    form = {"sample_rate": RATE, "channels": 2, "bits_per_sample": 16}
    wav = make_wav(SAMPLES)
    for call in (
        lambda: nlac.write(tmp_path / name, SAMPLES, RATE),
        lambda: nlac.encode(wav, str(tmp_path / name)),
        lambda: nlac.open(tmp_path / name, "w", **form),
    ):
        with pytest.raises(UsageError, match=r"foreign extension; call it \.nlac"):
            call()
    assert list(tmp_path.iterdir()) == []


def test_missing_folders_are_told_as_they_were_given(tmp_path):
    stream, wav = written(), make_wav(SAMPLES)
    path = tmp_path / "absent" / "a.nlac"
    for call in (
        lambda: nlac.write(path, SAMPLES, RATE),
        lambda: nlac.encode(wav, path),
        lambda: nlac.decode(stream, path.with_suffix(".wav")),
    ):
        with pytest.raises(FileNotFoundError) as caught:
            call()
        assert caught.value.filename in (str(path), str(path.with_suffix(".wav")))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (make_wav(SAMPLES), "a WAV file"),
        (b"fLaC" + bytes(60), "a FLAC file"),
        (b"ID3\4" + bytes(60), "ID3"),
        (b"FORM" + bytes(60), "an AIFF file"),
    ],
)
def test_other_files_are_named(data, kind):
    for function in (nlac.info, nlac.read, nlac.test, nlac.open, nlac.Decoder().feed):
        with pytest.raises(nlac.BadMagic, match=f"not an nlac stream, but .*{kind}"):
            function(data)


def test_test(tmp_path):
    wav = make_wav(SAMPLES)
    out = io.BytesIO()
    nlac.encode(wav, out, block_seconds=BLOCK / RATE)
    calls = []
    result = nlac.test(out.getvalue(), threads=1, progress=lambda *call: calls.append(call))
    assert (result.restored, result.frames, result.md5) == (True, 50, nlac.info(out).md5)
    assert calls[-1] == (50, 50)
    bad = bytearray(out.getvalue())
    bad[-200] ^= 1
    with pytest.raises(nlac.CorruptStream):
        nlac.test(bytes(bad))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("start", "x"),
        ("start", 1.5),
        ("stop", [9]),
        ("frames", "x"),
        ("out", [0]),
        ("fill_value", 99_999),
        ("fill_value", 1.5),
        ("fill_value", "0"),
    ],
)
def test_wrong_values_of_read_are_told_by_name(name, value):
    arguments = {"frames": 99, name: value} if name == "fill_value" else {name: value}
    with pytest.raises(UsageError, match=name):
        nlac.read(written(), **arguments)


def test_wrong_values_elsewhere_are_told_by_name():
    data = written()
    with pytest.raises(UsageError, match="fill_value"):
        nlac.read(data, frames=99, fill_value="x", dtype=float)
    with pytest.raises(UsageError, match="start"):
        nlac.decode(data, io.BytesIO(), start="x")
    with pytest.raises(UsageError, match="container"):
        nlac.decode(data, io.BytesIO(), container=3)
    with pytest.raises(UsageError, match="blocksize 0: 1 or more"):
        list(nlac.blocks(data, 0))
    with pytest.raises(UsageError, match="data of type str: bytes are needed"):
        nlac.Decoder().feed("x")
    with pytest.raises(UsageError, match="no array"):
        written([[1], [2, 3]])
    with pytest.raises(UsageError, match="index True"):
        nlac.open(data)[True]


def test_fill_values_that_fit():
    padded, _ = nlac.read(written(), 49, frames=3, fill_value=np.int64(-(2**15)))
    np.testing.assert_array_equal(padded[1:], -(2**15))
    padded, _ = nlac.read(written(), 49, frames=3, fill_value=float("nan"), dtype="float32")
    assert np.isnan(padded[1:]).all()


def test_unsigned_samples_are_told_what_is_silence():
    with pytest.raises(UsageError, match=r"if 32768 is silence, as it is 128 in WAV files of 8"):
        written(SAMPLES.astype(np.uint16))


def test_a_stream_is_no_audio_file():
    with pytest.raises(UnsupportedAudio, match="is an nlac stream already"):
        nlac.encode(io.BytesIO(written()), io.BytesIO())
