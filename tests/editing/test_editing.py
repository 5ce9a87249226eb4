"""Editing metadata: in place, anew, and what is refused."""

from __future__ import annotations

import errno
import io
import os
import stat

import numpy as np
import pytest
from edit_tools import SAMPLES, WAV, blocks_of, check, encoded, items_of
from stream_tools import make_wav

import nlac
from nlac import CorruptStream, UsageError
from nlac.bitstream.items import Picture, Tags
from nlac.bitstream.metadata import MetadataItem, write_item
from nlac.bitstream.reader import IndexedReader
from nlac.editing import copying, writing
from nlac.editing.editor import MetadataEditor

PICTURE = Picture(3, "image/gif", "", 1, 1, 24, 0, b"gif" * 20)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.nlac"
    path.write_bytes(encoded(padding=200, tags={"title": "Mine"}))
    return path


def test_padding_is_written_by_default(tmp_path):
    big = make_wav(np.zeros((200_000, 2), np.int16))
    assert padding_of(encoded(big, block_seconds=25)) == 800_000 // 4096
    assert padding_of(encoded(make_wav(np.zeros((9_000_000, 1))), block_seconds=99)) == 4096
    assert padding_of(encoded(big, block_seconds=25, padding=0)) == 0
    assert padding_of(encoded(WAV)) == 0  # too little for any tag
    # by a pipe, of which only the header tells the length; then one whose header does not
    pipe = io.BytesIO(big)
    pipe.seekable = lambda: False  # type: ignore[method-assign]
    assert encoded(pipe, block_seconds=25) == encoded(big, block_seconds=25)
    endless = big.replace((800_000).to_bytes(4, "little"), b"\xff\xff\xff\xff")
    assert padding_of(encoded(endless, block_seconds=25)) == 1024
    nlac.write(tmp_path / "w.nlac", np.zeros(500_000, np.int16), 8000)
    assert padding_of((tmp_path / "w.nlac").read_bytes()) == 0


def padding_of(data: bytes) -> int:
    leading = IndexedReader(io.BytesIO(data)).leading
    sizes = [len(item.data) for item in leading if item.item_type == 0]
    # the last item, and the only one of its kind
    assert len(sizes) <= 1
    assert not sizes or leading[-1].item_type == 0
    return sum(sizes)


@pytest.mark.parametrize("padding", [-1, 2**24 + 1, 1.5, "1"])
def test_wrong_padding(path, padding):
    before = path.read_bytes()
    with pytest.raises(UsageError, match="padding"):
        encoded(padding=padding)
    with MetadataEditor(path) as editor, pytest.raises(UsageError, match="padding"):
        editor.save(padding=padding)
    assert path.read_bytes() == before


def test_every_gap_is_filled_or_the_file_rewritten(tmp_path):
    """An item takes 22 bytes: gaps of 1 to 21 bytes can't be padding."""
    path = tmp_path / "a.nlac"
    before = encoded(padding=60, tags={"title": ""})
    room = 60 + 22 + len(write_item(Tags(comments=(("title", ""),)).to_item(), 0))
    gaps = set()
    for length in range(100):
        title = "".join(map(chr, range(33, 33 + length)))
        path.write_bytes(before)
        with MetadataEditor(path) as editor:
            editor.tags["title"] = title
            edit = editor.save()
        check(path, before, original=WAV)
        gap = room - len(write_item(Tags(comments=(("title", title),)).to_item(), 0))
        gaps.add(gap)
        fits = gap == 0 or gap >= 22
        assert edit.in_place == fits, length
        assert edit.why == ("" if fits else "padding was too small")
        assert edit.padding == (gap - 22 if gap >= 22 else 0)
    assert gaps >= {-1, 0, 1, 21, 22}


def test_in_place_writes_only_what_differs(path, monkeypatch):
    before = path.read_bytes()
    with nlac.open(path, "r+") as file:
        file.tags["TITLE"] = "Yours"
    data = path.read_bytes()
    assert len(data) == len(before)
    changed = [place for place, (a, b) in enumerate(zip(before, data, strict=True)) if a != b]
    head = before.index(b"Mine")
    first_block = IndexedReader(io.BytesIO(before)).trailer.first_block_offset
    assert head - 60 < changed[0]
    assert changed[-1] < first_block
    check(path, before, original=WAV)


def test_an_interrupted_write_in_place_is_noticed(path, monkeypatch):
    """Wherever the power fails, a checksum tells, and the audio is still there."""
    before = path.read_bytes()
    with nlac.open(path, "r+") as file:
        file.tags["TITLE"] = "Yours and theirs"
    after = path.read_bytes()
    places = [place for place, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    for place in places:
        torn = after[:place] + before[place:]
        if torn in (before, after):
            continue
        with pytest.raises(CorruptStream):
            nlac.test(torn)
        path.write_bytes(torn)
        with pytest.raises(CorruptStream):
            nlac.open(path, "r+")
        saved = nlac.decode(torn, io.BytesIO(), recover=True)
        assert saved.frames == len(SAMPLES)
        assert not saved.lost


def test_a_failing_rewrite_leaves_the_old_file(path, monkeypatch):
    before = path.read_bytes()

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writing, "copy_range", full)
    file = nlac.open(path, "r+")
    file.pictures.append(Picture(0, "", "", 0, 0, 0, 0, os.urandom(999)))
    with pytest.raises(OSError, match="No space"):
        file.close()
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["a.nlac"]


@pytest.mark.parametrize("system", [True, False])
def test_blocks_are_copied_by_the_system_or_here(path, monkeypatch, system):
    before = path.read_bytes()
    calls = []
    if system:
        if not hasattr(os, "copy_file_range"):
            pytest.skip("the system has none")
        # a part at a time, then nothing more
        real = os.copy_file_range
        monkeypatch.setattr(
            os,
            "copy_file_range",
            lambda a, b, count, place: calls.append(1) or real(a, b, min(count, 50), place),
        )
    else:

        def refuse(*args):
            calls.append(1)
            raise OSError(errno.EXDEV, "another device")

        monkeypatch.setattr(os, "copy_file_range", refuse, raising=False)
    with MetadataEditor(path) as editor:
        editor.pictures.append(PICTURE)
        assert editor.save(padding=77).why == "padding of 77 bytes was asked for"
    assert calls
    check(path, before, original=WAV)
    monkeypatch.setattr(copying, "_copied_by_system", lambda source, start, stop, target: start)
    with open(path, "rb") as source, pytest.raises(nlac.TruncatedStream):
        copying.copy_range(source, 0, 10**9, io.BytesIO())


def test_tags_of_the_original_become_stored_with_the_first_edit(tmp_path):
    path = tmp_path / "a.nlac"
    path.write_bytes(encoded(padding=300))
    before = path.read_bytes()
    with nlac.open(path, "r+") as file:
        assert file.tags == {"TITLE": ["Inside"]}
        assert file.tags_origin == "LIST/INFO"
    assert path.read_bytes() == before
    with nlac.open(path, "r+") as file:
        file.tags["ARTIST"] = "Me"
    assert nlac.info(check(path, before, original=WAV)).tags == {
        "TITLE": ["Inside"],
        "ARTIST": ["Me"],
    }
    with nlac.open(path, "r+") as file:
        file.tags.clear()
    # no tags are another thing than those of the original
    facts = nlac.info(path)
    assert (facts.tags, facts.tags_origin) == ({}, "tags")
    with MetadataEditor(path) as editor:
        assert editor.import_original()
        editor.save()
    assert nlac.info(path).tags == {"TITLE": ["Inside"]}
    assert nlac.info(path).tags_origin == "tags"
    with MetadataEditor(path) as editor:
        editor.remove_original()
        edit = editor.save()
        assert edit.warnings == (
            "the original file no longer comes back; decoding writes a fresh one",
        )
        assert not editor.import_original()
    check(path, before)


def test_parity_goes_with_a_warning_and_only_with_a_change(tmp_path):
    path = tmp_path / "a.nlac"
    before = encoded(padding=100)
    path.write_bytes(before)
    nlac.protect(path, amount=0.05)
    protected = path.read_bytes()
    with MetadataEditor(path) as editor:
        assert not editor.save().changed
        assert path.read_bytes() == protected
        editor.tags["TITLE"] = "x"
        edit = editor.save()
    assert "protect the file again" in edit.warnings[0]
    assert not edit.in_place
    assert 7 not in {kind for kind, _ in items_of(check(path, before, original=WAV))}


def test_much_room_is_given_back(path):
    before = path.read_bytes()
    with nlac.open(path, "r+") as file:
        file.pictures = [Picture(0, "", "", 0, 0, 0, 0, os.urandom(2**17))]
    with MetadataEditor(path) as editor:
        editor.pictures.clear()
        assert "bytes were freed" in editor.save().why
    assert len(check(path, before, original=WAV)) < len(before)


def test_nothing_is_written_if_the_block_fails(path):
    before = path.read_bytes()
    file = nlac.open(path, "r+")
    file.tags["TITLE"] = "no"
    with pytest.raises(KeyError), file:
        file.tags["NO SUCH NAME"].append("x")
    assert path.read_bytes() == before
    with pytest.raises(UsageError, match="picture of type"), nlac.open(path, "r+") as file:
        file.pictures.append("cover.jpg")
    with pytest.raises(UsageError, match="at most"), nlac.open(path, "r+") as file:
        file.tags["TITLE"] = "no" * 2**23
    with pytest.raises(UsageError, match="2 pictures of type 2"), nlac.open(path, "r+") as file:
        file.pictures += [Picture(2, "", "", 0, 0, 0, 0, b"")] * 2
    assert path.read_bytes() == before
    with MetadataEditor(path) as editor:
        editor.tags["TITLE"] = "no" * 2**23
        with pytest.raises(UsageError, match="at most"):
            editor.save()
        # what failed is not tried again
        editor.tags["title"] = "Mine"
        assert not editor.save().changed
    with pytest.raises(UsageError, match="closed"):
        file.save()


def test_an_open_file_is_read_before_and_after_a_save(path):
    before = path.read_bytes()
    with nlac.open(path, "r+") as file:
        assert np.array_equal(file.read(10), SAMPLES[:10])
        file.tags = {"A": ["1", "2"], "B": "3"}
        assert file.save().in_place
        assert np.array_equal(file.read(10), SAMPLES[10:20])
        file.tags["A"][0] = "".join(map(chr, range(500, 1000)))
        file.pictures = [PICTURE]
        assert not file.save().in_place
        assert np.array_equal(file.read(), SAMPLES[20:])
        assert file.info.tags == file.tags
        assert file.pictures == [PICTURE]
        with pytest.raises(BlockingIOError, match="another process"):
            nlac.open(path, "r+")
    check(path, before, original=WAV)


def test_attributes_stay(path):
    os.chmod(path, 0o640)
    os.utime(path, (1e9, 1e9))
    link = path.with_name("link.nlac")
    link.symlink_to(path.name)
    for size in (None, 500):
        with nlac.open(link, "r+", padding=size, preserve_mtime=True) as file:
            file.tags["TITLE"] = f"size {size}"
        status = os.stat(path)
        assert stat.S_IMODE(status.st_mode) == 0o640
        assert status.st_mtime == 1e9
    assert link.is_symlink()
    assert nlac.info(link).tags == {"TITLE": ["size 500"]}
    with nlac.open(link, "r+") as file:
        file.tags["TITLE"] = "now"
    assert os.stat(path).st_mtime > 1e9


@pytest.mark.parametrize("place", [5, 40, 150, -3])
def test_damaged_files_are_refused(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(nlac.FormatError):
        nlac.open(path, "r+")
    assert path.read_bytes() == data


def test_what_cannot_be_edited(tmp_path, path):
    with pytest.raises(UsageError, match="path"):
        nlac.open(io.BytesIO(path.read_bytes()), "r+")
    with pytest.raises(UsageError, match="regular"):
        nlac.open(tmp_path, "r+")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="regular"):
        nlac.open(tmp_path / "pipe", "r+")
    with pytest.raises(FileNotFoundError):
        nlac.open(tmp_path / "absent", "r+")
    (tmp_path / "a.wav").write_bytes(WAV)
    with pytest.raises(nlac.BadMagic):
        nlac.open(tmp_path / "a.wav", "r+")


def test_items_of_other_kinds_can_be_replaced(path):
    before = path.read_bytes()
    with MetadataEditor(path) as editor:
        editor.replace_items(3, [MetadataItem(3, b"a cue sheet")])
        assert editor.save().in_place
        assert MetadataItem(3, b"a cue sheet") in editor.items
        editor.replace_items(3, [])
        editor.save()
    assert check(path, before, original=WAV) == before
    assert blocks_of(before)
