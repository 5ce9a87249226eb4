"""What lies around the payloads: both decoders take and refuse the same streams."""

from __future__ import annotations

import hashlib
import io
import struct
from pathlib import Path

import numpy as np
import pytest

import nlac
from nlac._errors import NlacError
from nlac.audio.original.restoration import stored_suffix
from nlac.audio.packing import Packing
from nlac.bitstream import constants as c
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.items import Recipe
from nlac.bitstream.metadata import MetadataItem, split_item
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.encoder.payload import encode_block
from nlac.codec.transforms.pcm import pcm_bytes
from oracle.container import EXTENSION, Item, SpecError, read_stream
from oracle.decoder import decode_stream
from oracle.oracle_tools import Parts, assemble, told_samples, verdicts
from oracle.originals import original_extension

RATE = 8000


def header(bits: int = 16, is_float: bool = False, **changes) -> StreamHeader:
    fields = {"predictor_id": 1, "num_frames": None, "block_length": 50} | changes
    return StreamHeader(RATE, 2, bits, is_float, 0, **fields)


def signal(bits: int, is_float: bool) -> np.ndarray:
    rng = np.random.default_rng(bits)
    if is_float:
        return rng.integers(0, 2**32, (70, 2)).astype(np.uint32).view(np.float32)
    return rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), (70, 2)).astype(np.int32)


PACKINGS = [
    Packing(1, unsigned=True),
    Packing(1),
    Packing(2, shift=4),
    Packing(2, big_endian=True),
    Packing(3, big_endian=True, shift=4),
    Packing(3, unsigned=True),
    Packing(4, shift=8),
    Packing(4, big_endian=True, unsigned=True),
    Packing(2, shift=15),
    Packing(4, is_float=True),
    Packing(4, is_float=True, big_endian=True),
]


def restoring(packing: Packing) -> tuple[Parts, bytes]:
    """A stream of two verbatim blocks that restores a file, and the file."""
    bits, is_float = packing.bits_per_sample, packing.is_float
    samples = signal(bits, is_float)
    head, tail = b"head of it" * 30, b"the tail\0"
    original = head + packing.pack(samples) + tail
    blocks = [(b"\0" + pcm_bytes(part, bits), len(part)) for part in (samples[:50], samples[50:])]
    recipe = Recipe("raw", packing.to_bytes(), len(head)).to_item()
    return (
        Parts(
            header(bits, is_float),
            [
                MetadataItem(0, bytes(200)),
                recipe,
                *[MetadataItem(c.ITEM_FOREIGN_HEAD, piece) for piece in (head[:7], head[7:])],
                MetadataItem(100, b"unknown"),
            ],
            blocks,
            [*split_item(c.ITEM_FOREIGN_TAIL, tail), MetadataItem(200, b"later")],
            hashlib.md5(pcm_bytes(samples, bits)).digest(),
            hashlib.md5(original).digest(),
            len(original),
        ),
        original,
    )


@pytest.mark.parametrize("packing", PACKINGS, ids=lambda packing: packing.to_bytes().hex())
def test_recipes(packing):
    parts, original = restoring(packing)
    data = assemble(parts)
    out = io.BytesIO()
    nlac.decode(data, out)
    assert out.getvalue() == original
    decoded = decode_stream(data)
    assert decoded.original == original
    samples = signal(packing.bits_per_sample, packing.is_float)
    assert np.array_equal(told_samples(decoded).view(np.int32), samples.view(np.int32))
    items = read_stream(data)[1]
    assert [item.type for item in items] == [0, 16, 17, 17, 100, 18, 200]


def test_tags_pictures_and_an_unknown_length():
    samples = signal(16, False)
    out = io.BytesIO()
    with nlac.open(
        out, "w", sample_rate=RATE, channels=2, bits_per_sample=16, preset="fast",
        tags={"TITLE": "x" * 300, "ARTIST": ["a", "b"]},
    ) as file:
        for begin in range(0, 70, 17):
            file.write(samples[begin : begin + 17])
    stream, items, _blocks, trailer = read_stream(out.getvalue())
    assert stream.frames is None
    assert trailer.frames == 70
    assert [item.type for item in items] == [c.ITEM_TAGS]
    assert items[0].content.count(b"x") == 300  # deflated in the stream
    assert b"x" * 300 not in out.getvalue()
    assert np.array_equal(told_samples(decode_stream(out.getvalue())), samples)


def variant(**changes) -> bytes:
    return assemble(restoring(Packing(2))[0]._replace(**changes))


def coded(coder: str, **changes) -> bytes:
    """A stream of one lpc block, with a header that may tell of another."""
    samples = np.rint(900 * np.sin(np.arange(50) / 9))[:, None] * [1, 3]
    samples = samples.astype(np.int32) + np.arange(50)[:, None] % [3, 4]
    payload = encode_block(samples, header(), EncodeOptions(preset="fast", coder=coder))
    assert payload[0] == 1
    md5 = hashlib.md5(pcm_bytes(samples, 16)).digest()
    return assemble(Parts(header(**changes), [], [(payload, 50)], [], md5))


def blockless(before: list[int], after: list[int]) -> bytes:
    """A stream of no frames with empty items of these types."""
    items = [[MetadataItem(number, b"") for number in numbers] for numbers in (before, after)]
    return assemble(Parts(header(), items[0], [], items[1], hashlib.md5().digest()))


def good_streams() -> dict[str, bytes]:
    parts, _original = restoring(Packing(2))
    tags = MetadataItem(c.ITEM_TAGS, b"\xff")
    constant = b"\x01\x00\x0a\x00\x0a"
    fives = hashlib.md5(b"\5\0" * 8).digest()
    plain = {"before": [], "blocks": [(constant, 4)], "after": [], "pcm_md5": fives}
    plain |= {"original_md5": None, "original_length": 0}
    return {
        "as it is": assemble(parts),
        "two recipes": variant(before=[*parts.before, Recipe("x", b"", 1).to_item()]),
        "head without a recipe": variant(**plain | {"before": parts.before[2:3]}),
        "tail without a recipe": variant(**plain | {"after": parts.after[:1]}),
        "broken tags": variant(before=[tags, *parts.before]),
        "unknown predictor, not needed": variant(**plain, stream=header(predictor_id=0x9ABC)),
        "reserved predictor, not needed": variant(**plain, stream=header(predictor_id=0)),
        "parameters, not needed": variant(**plain, stream=header(predictor_parameters=b"x")),
        "range coder": coded("range", coder_id=1),
        "Rice codes": coded("rice", coder_id=2),
        "no blocks": blockless([0, 1], []),
        "no blocks, items on both sides": blockless([0, 200], [18, 0, 18]),
        "no blocks, a restored file": assemble(
            Parts(
                header(), [Recipe("raw", b"\2\0\0", 0).to_item()], [], [],
                hashlib.md5().digest(), hashlib.md5().digest(),
            )
        ),
    }


def bad_streams() -> dict[str, bytes]:
    parts, original = restoring(Packing(2))
    recipe = parts.before[1]
    rest = parts.before[2:4]

    def with_recipe(content: bytes) -> bytes:
        return variant(before=[MetadataItem(c.ITEM_RECIPE, content), *rest])

    return {
        "MD5 of the samples": variant(pcm_md5=bytes(16)),
        "MD5 of the file": variant(original_md5=bytes(16)),
        "length of the file": variant(original_length=len(original) + 1),
        "recipe, but no original": variant(original_md5=None, original_length=0),
        "original, but no recipe": variant(before=rest),
        "recipe behind the blocks": variant(before=rest, after=[recipe, *parts.after]),
        "second recipe behind the blocks": variant(after=[*parts.after, recipe]),
        "head behind the blocks": variant(after=[*parts.after, rest[0]]),
        "piece of the head is missing": variant(before=[recipe, rest[0]]),
        "recipe is short": with_recipe(recipe.data[:-1]),
        "recipe is long": with_recipe(recipe.data + b"\0"),
        "container is not ASCII": with_recipe(recipe.data.replace(b"raw", b"ra\xff")),
        "packing does not fit": with_recipe(recipe.data[:-1] + b"\1"),
        "packing has other flags": with_recipe(recipe.data[:-2] + b"\x08\0"),
        "unknown predictor": coded("range", predictor_id=9),
        "reserved predictor": coded("range", predictor_id=0),
        "parameters of lpc": coded("range", predictor_parameters=b"x"),
        "model of lpc": coded("range", model_hash=bytes(32)),
        "range coder in a stream of Rice codes": coded("range", coder_id=2),
        "Rice codes in a stream of the range coder": coded("rice", coder_id=1),
        "no blocks, recipe behind the tail": blockless([0], [18, 16]),
        "no blocks, head behind the tail": blockless([0], [18, 17]),
    }


@pytest.mark.parametrize("name", list(good_streams()))
def test_good_streams(name):
    assert verdicts(good_streams()[name]) == (True, True)


@pytest.mark.parametrize("name", list(bad_streams()))
def test_bad_streams(name):
    assert verdicts(bad_streams()[name]) == (False, False)


def test_items_are_counted_on_both_sides_where_there_are_no_blocks(monkeypatch):
    from oracle import container

    monkeypatch.setattr(c, "MAX_METADATA_ITEMS", 3)
    monkeypatch.setattr(container, "MAX_METADATA_ITEMS", 3)
    assert verdicts(blockless([0] * 3, [18, 0, 0, 18, 0])) == (True, True)
    assert verdicts(blockless([0] * 4, [18])) == (False, False)
    assert verdicts(blockless([0], [18, 0, 0, 0, 0])) == (False, False)


def test_md5_of_an_original_that_there_is_not():
    """What no writer writes: it goes into the trailer's bytes, and their checksum follows."""
    import zlib

    data = bytearray(blockless([], []))
    start = data.index(c.TRAILER_TAG)
    assert verdicts(bytes(data)) == (True, True)
    data[start + 45] = 1  # the MD5 of the original begins here
    data[-8:-4] = zlib.crc32(data[start:-8]).to_bytes(4, "little")
    assert verdicts(bytes(data)) == (False, False)


def test_every_changed_byte_is_noticed():
    data = assemble(restoring(Packing(2))[0])
    rng = np.random.default_rng(1)
    for place in rng.choice(len(data), 60, replace=False).tolist():
        changed = bytearray(data)
        changed[place] ^= int(rng.integers(1, 256))
        assert verdicts(bytes(changed)) == (False, False)
    for length in rng.choice(len(data), 30, replace=False).tolist():
        with pytest.raises(SpecError):
            decode_stream(data[:length])


def test_seeking_refuses_misplaced_items_too():
    with pytest.raises(NlacError, match="recipe follows the blocks"):
        nlac.info(bad_streams()["second recipe behind the blocks"])


EXTENSIONS = ["", "WAV", "wave", "a b", " a", "a ", "音", "é", "x" * 64, "x" * 65, "音" * 22]
EXTENSIONS += [f"a{character}b" for character in './\\:*?"<>|\0\n\x1f\x7f\x85\x9f\xa0']
EXTENSIONS += [".", "..", "/..", "sh/../x"]


@pytest.mark.parametrize("content", [*(text.encode() for text in EXTENSIONS), b"\xff", b"\xc3"])
@pytest.mark.parametrize("container", ["wav", "rf64", "aifc", "raw"])
def test_extension_of_the_file_name(content: bytes, container: str) -> None:
    expected = original_extension([Item(EXTENSION, content)], container)
    suffix = stored_suffix([MetadataItem(c.ITEM_EXTENSION, content)], container)
    assert suffix == (f".{expected}" if expected else "")
    usual = original_extension([], container)
    assert f".{usual}" == stored_suffix([], container)


@pytest.mark.parametrize("name", ["a.wav", "a.WAV", "a", "a.bwf", "a.b.c", "a." + "x" * 65, "a. b"])
def test_extension_that_the_encoder_writes(name: str, tmp_path: Path) -> None:
    data = restoring(Packing(2))[1]
    wav = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 2,
                      RATE, 4 * RATE, 4, 16, b"data", len(data)) + data  # fmt: skip
    (tmp_path / name).write_bytes(wav)
    streams = io.BytesIO(), io.BytesIO()
    nlac.encode(tmp_path / name, streams[0], preset="fast")
    nlac.encode(wav, streams[1], preset="fast")
    items = read_stream(streams[0].getvalue())[1]
    unusual = name not in ("a.wav", "a." + "x" * 65, "a. b")
    assert [item.type for item in items].count(EXTENSION) == unusual
    # nothing else changes, and nothing at all under a usual name
    assert (streams[0].getvalue() == streams[1].getvalue()) == (not unusual)
    suffix = Path(name).suffix if unusual else ".wav"
    assert "." * bool(suffix) + original_extension(items, "wav") == suffix
    assert nlac.info(streams[0]).original_suffix == suffix
    # nor is there one without the file that it belongs to
    stripped = io.BytesIO()
    nlac.encode(tmp_path / name, stripped, preset="fast", strip_chunks=True)
    assert EXTENSION not in [item.type for item in read_stream(stripped.getvalue())[1]]
    assert nlac.info(stripped).original_suffix is None
