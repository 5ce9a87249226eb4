"""The specification and the code say the same."""

from __future__ import annotations

import hashlib
import io
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from oracle.container import SpecError
from oracle.decoder import attached_tables, decode_stream
from oracle.floats import decode_floats
from oracle.oracle_tools import told_payload

import nlac
from nlac._errors import CorruptStream
from nlac.bitstream import constants as c
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.reader import read_elements
from nlac.codec.decoder.payload import decode_block
from nlac.codec.encoder.floats.choice import split
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.encoder.payload import encode_block
from nlac.codec.transforms import phases
from nlac.codec.transforms.pcm import pcm_bytes
from nlac.entropy import distributions as distribution
from nlac.entropy import mixtures as mixture
from nlac.entropy import side_coder, value_sets
from nlac.entropy.range_coder import RangeEncoder
from nlac.entropy.varint import write_signed, write_varint
from nlac.predictors import prefilter
from nlac.predictors.cascade import block as cascade_block
from nlac.predictors.lpc import parameters as layout
from nlac.predictors.lpc import side_info as lpc_side
from nlac.predictors.methods import names
from nlac.predictors.networks import layers as networks

SPEC = (Path(__file__).parents[2] / "format_spec.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """Cells of all tables under a heading."""
    section = re.split(r"^#+ ", SPEC.split(f" {heading}\n", 1)[1], flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_limits():
    values = {row[0]: row[1] for row in rows("12. Limits")[2:]}
    assert len(values) == 18
    for name, value in values.items():
        assert getattr(c, name) == int(value), name


def test_marks():
    for name, cell, _begins in rows("4. Marks")[2:]:
        digits = re.match(r"`([0-9A-F ]+)`", cell)[1]
        assert getattr(c, name) == bytes.fromhex(digits), name


def test_numbers_with_names():
    predictors = {int(i): name for i, name in rows("5.1 Predictors")[3:] if i.isdigit()}
    assert predictors == names()
    assert {int(row[0]): row[1] for row in rows("5.2 Coders")[2:]} == c.CODER_NAMES
    types = {int(row[0]): row[1] for row in rows("6.2 Types")[2:] if row[0].isdigit()}
    assert types == c.ITEM_NAMES


def test_md5_input():
    for bits, sample, data in rows("9. MD5 of the samples")[2:]:
        if bits == "float32":
            samples = np.array([[float(sample)]], np.float32)
        else:
            samples = np.array([[int(sample)]], np.int32)
        depth = 32 if bits == "float32" else int(bits)
        assert pcm_bytes(samples, depth) == bytes.fromhex(data.strip("`"))


def example(heading: str) -> bytes:
    cells = "".join(row[0] for row in rows(heading) if row[0].startswith("`"))
    return bytes.fromhex(cells.replace("`", " "))


def test_example_without_frames():
    data = example("16.1 A stream of no frames")
    assert len(list(read_elements(io.BytesIO(data)))) == 3
    info = nlac.info(data)
    assert (info.num_frames, info.sample_rate, info.tags) == (0, 8000, {"A": ["b"]})
    assert decode_stream(data).frames == [[]]
    for length in range(len(data)):
        with pytest.raises(SpecError):
            decode_stream(data[:length])
        with pytest.raises(nlac.FormatError):
            nlac.info(data[:length])


def test_limits_of_payloads():
    known = {
        "MAX_VALUE_SETS": value_sets.MAX_SETS,
        "MAX_LIST_SPAN": value_sets.MAX_SPAN,
        "MAX_LIST_SPANS": 8 * value_sets.MAX_SPAN,
        "MAX_ORDER": max(layout.ORDERS),
        "MAX_LONG_FRAMES": max(layout.LONG_FRAMES),
        "MIN_SHIFT": lpc_side.MIN_SHIFT,
        "MAX_SHIFT": lpc_side.MAX_SHIFT,
        "MAX_DELAY": lpc_side.MAX_DELAY,
        "MAX_INITIAL": lpc_side.MAX_INITIAL_SCALE,
        "MAX_SCALE": distribution.MAX_SCALE,
        "MAX_SYMBOL_SCALE": side_coder.MAX_SYMBOL_SCALE,
        "MAX_PARTS": mixture.MAX_PARTS,
        "MAX_COVARIANCES": cascade_block.MAX_COVARIANCES,
        "MAX_WEIGHTS": networks.MAX_WEIGHTS,
        "MAX_MEMORY": networks.MAX_MEMORY,
        "MAX_TAPS": prefilter.MAX_TAPS,
        "MAX_PREFILTER_SHIFT": prefilter.MAX_SHIFT,
        "MAX_PHASES": phases.MAX_PHASES,
    }
    table = [row for row in rows("12.1 Limits of payloads") if row[0].isupper()]
    assert {row[0]: int(row[1]) for row in table} == known


def test_normative_tables_of_gates():
    data = Path(nlac.__file__).parent.joinpath("predictors/networks/gates.bin").read_bytes()
    assert len(data) == 16384
    assert hashlib.sha256(data).hexdigest() in SPEC


def test_normative_tables():
    data = Path(nlac.__file__).parent.joinpath("bitstream", "distribution.bin").read_bytes()
    assert hashlib.sha256(data).hexdigest() in SPEC
    numbers = struct.unpack("<7213i", data)
    table = rows("11.5.1 Tables of shapes") + rows("11.5.2 The attachment distribution.bin")
    head = next(row for row in table if "T[0]" in row)
    places = [int(cell[2:-1]) for cell in head[1:]]
    samples = [row for row in table if len(row) == len(head) and row[0].isdigit()]
    assert [int(row[0]) for row in samples] == list(range(7))
    for shape, *cells in samples:
        found = [numbers[1025 * int(shape) + place] for place in places]
        assert found == [int(cell) for cell in cells]
    lists = {row[0]: re.sub(r"[^0-9,]", "", row[1].split(";")[0]) for row in table}
    for first, last in ((7175, 7180), (7181, 7196), (7197, 7212)):
        told = [int(number) for number in lists[f"{first} to {last}"].split(",")]
        assert told == list(numbers[first : last + 1])


def test_largest_difference_of_neighbours():
    """What section 11.16 bounds, and docs/notes/widths.md names."""
    largest = max(np.diff(row).max() for row in attached_tables().rows)
    assert largest == 443032
    assert 255 * int(largest) < 2**27


def test_range_coder_example():
    coder = RangeEncoder()
    for c_, f in [row for row in rows("11.3.3 Example of the range coder") if row[0].isdigit()]:
        coder.encode(int(c_), int(f))
    words = " ".join(f"{word:08X}" for word in coder.finish())
    assert f"give the words `{words}`" in SPEC


def test_example_with_block(monkeypatch):
    monkeypatch.undo()  # the true block codec
    data = example("16.2 A stream with a block")
    table = [row for row in rows("16.2 A stream with a block") if row[0].isdigit()]
    samples = [int(row[-1]) for row in table]
    assert nlac.read(io.BytesIO(data))[0].tolist() == samples
    assert decode_stream(data).frames == [samples]


def tones(frames: int, channels: int, bits: int) -> np.ndarray:
    rng = np.random.default_rng(frames)
    t = np.arange(frames)[:, None]
    x = sum(np.sin(f * t + rng.uniform(0, 6, channels)) / 5 for f in (0.03, 0.2))
    x = x * (0.3 + 0.7 * (np.sin(t / 300) > 0)) + 1e-3 * rng.standard_cauchy((frames, channels))
    top = 2 ** (bits - 1)
    return np.rint(x * top).clip(-top, top - 1).astype(np.int32)


def signals() -> dict[str, tuple[np.ndarray, int]]:
    rng = np.random.default_rng(7)
    small = tones(2000, 1, 8)
    sparse = (np.sign(small) * np.floor(np.abs(small) ** 1.6)).astype(np.int32)
    first = tones(1500, 1, 16)
    maps = np.concatenate([first, first + 5, -first, 16 * first[::-1] + 3, 0 * first], axis=1)
    quiet, loud = rng.integers(-2, 3, (1200, 1)), rng.integers(-(2**31), 2**31, (800, 1))
    full = np.concatenate([quiet, loud]).astype(np.int32)
    full[1500] = -(2**31)
    return {
        "stereo": (tones(2500, 2, 16), 16),
        "five channels": (tones(700, 5, 24), 24),
        "repeated": (np.tile(tones(1300, 2, 16), (3, 1)), 16),
        "grid": (np.floor(small * 7.3 + 0.3).astype(np.int32), 16),
        "list": (sparse, 16),
        "maps": (maps.astype(np.int32), 24),
        "escapes": ((30 * rng.standard_cauchy((2000, 2))).clip(-(2**31) + 1, 2**31 - 1)
                    .astype(np.int32), 32),
        "full scale": (full, 32),
    }


def header(samples: np.ndarray, bits: int) -> StreamHeader:
    frames, channels = samples.shape
    return StreamHeader(44100, channels, bits, False, 0, frames, frames, 1)


@pytest.mark.parametrize("coder", ["range", "rice"])
@pytest.mark.parametrize("name", list(signals()))
def test_payload_by_the_spec_alone(name, coder):
    samples, bits = signals()[name]
    options = EncodeOptions(preset="standard", coder=coder)
    payload = encode_block(samples, header(samples, bits), options)
    assert payload[0] == 1
    stream = header(samples, bits)
    assert np.array_equal(told_payload(payload, len(samples), stream), samples)
    assert np.array_equal(decode_block(payload, len(samples), stream), samples)


def test_spoilt_payloads_by_the_spec_alone():
    """Both decoders refuse a changed payload, or both get the same from it."""
    rng = np.random.default_rng(3)
    samples, bits = tones(300, 2, 16), 16
    stream = header(samples, bits)
    for coder in ("range", "rice"):
        payload = encode_block(samples, stream, EncodeOptions(coder=coder))
        for _ in range(60):
            changed = bytearray(payload)
            changed[rng.integers(1, 100)] ^= 1 << rng.integers(8)
            try:
                mine = decode_block(bytes(changed), 300, stream)
            except CorruptStream:
                mine = None
            try:
                told = told_payload(bytes(changed), 300, stream)
            except SpecError:
                told = None
            assert (mine is None) == (told is None)
            assert mine is None or np.array_equal(mine, told)


def packed_list(low: int, span: int) -> bytes:
    bitmap = value_sets.write_bitmap(np.ones(span, np.uint8))
    numbers = write_varint(span) + write_varint(len(bitmap))
    return b"\x01\x02" + write_signed(low) + numbers + bitmap


def packed_grid(first: int, last: int, step: int, offset: int) -> bytes:
    sets = [value_sets.ValueSet(value_sets.GRID, first, last, step, offset)]
    return value_sets.write_sets(sets)


def test_bounds_of_value_sets():
    for good in (
        packed_list(2**31 - 50, 50),
        packed_list(-(2**31), 50),
        packed_grid(-1, 0, (2**32 - 2) << 24, (2**31 - 1) << 24),
        packed_grid(-(2**31), 2**31 - 1, 1 << 24, 0),
        value_sets.write_sets([value_sets.plain(-(2**31), 2**31 - 1)]),
    ):
        assert value_sets.read_sets(good, 0)[1] == len(good)
    for bad in (
        packed_list(2**31 - 50, 51),
        packed_list(-(2**31) - 1, 50),
        packed_grid(0, 1, (2**31) << 24, 0),
        packed_grid(-2, 0, (2**31) << 24, 0),
        packed_grid(0, 1, (1 << 24) - 1, 0),
        value_sets.write_sets([value_sets.plain(-(2**31) - 1, 0)]),
        value_sets.write_sets([value_sets.plain(0, 2**31)]),
    ):
        with pytest.raises(CorruptStream):
            value_sets.read_sets(bad, 0)


@pytest.mark.parametrize(("shift", "bound"), [(4, 2**19), (8, 2**23), (19, 2**23)])
def test_bounds_of_coefficients(shift, bound):
    def coded(coefficients: list[int]) -> bytes:
        none, cell = np.zeros(1, np.int64), np.zeros((1, 1), np.int64)
        return lpc_side.write_parameters(
            layout.LpcParameters(
                100, none - 1, none, np.array([0, 100]), cell + 2, cell + shift, cell, none, cell,
                cell + 2, cell, np.array(coefficients, np.int32), none + 1,
            )
        )

    good = coded([-bound, bound - 1])
    found, end = lpc_side.read_parameters(good, 0, 100, 1, 1)
    assert end == len(good)
    assert found.coefficients.tolist() == [-bound, bound - 1]
    for bad in ([bound, 0], [0, -bound - 1]):
        if shift > 4:  # an escape has 24 bits: larger ones need low bits
            bad = [2 * value for value in bad]
        with pytest.raises(CorruptStream):
            lpc_side.read_parameters(coded(bad), 0, 100, 1, 1)


def floats() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    x = tones(900, 2, 16)
    quotients = (x / 32767 * 0.7).astype(np.float32)
    mixed = (tones(900, 2, 24) / 2**24 + rng.normal(0, 1e-6, (900, 2))).astype(np.float32)
    mixed[100:300] *= np.float32(1e-5)
    odd = quotients.copy()
    odd.view(np.uint32)[::97] = rng.integers(0, 2**32, odd[::97].shape)
    odd[50:60] = -0.0
    odd[200:220] = np.nextafter(odd[200:220], np.float32(1))
    patterns = rng.integers(0, 2**32, (300, 1)).astype(np.uint32).view(np.float32)
    small = rng.integers(-3000, 3000, (400, 1)).astype(np.float32) * np.float32(2.0**-149)
    return {
        "sixteen bits": (x / 32768).astype(np.float32), "gain": quotients, "mixed": mixed,
        "odd": odd, "patterns": patterns, "denormals": small,
    }


@pytest.mark.parametrize("name", list(floats()))
def test_floats_by_the_spec_alone(name):
    samples = floats()[name]
    integers, side = split(samples)
    told = decode_floats(side, integers.T.tolist())
    assert np.array_equal(np.array(told, np.uint32).T, samples.view(np.uint32))
