"""What a mounted archive shows: names, sizes, links, permissions, and what can't be read."""

from __future__ import annotations

import errno
import logging
import os
import queue
import stat
import time

import numpy as np
import pytest
from original_files import original

import nlac
from nlac.mount.opened import OpenFiles
from nlac.mount.operations import Operations
from nlac.mount.tree import Tree
from nlac.playback.original import SharedCache


@pytest.fixture
def operations(archive):
    return Operations(str(archive), 1 << 20, 4)


def _read(operations: Operations, path: str) -> bytes:
    handle = operations.open(path, os.O_RDONLY)
    size = operations.getattr(path, handle)["st_size"]
    step = 50_000
    data = b"".join(operations.read(path, step, at, handle) for at in range(0, size, step))
    operations.release(path, handle)
    return data


def test_streams_have_the_names_and_bytes_of_their_originals(operations):
    assert sorted(operations.readdir("/", 0)) == [".", "..", "album", "one.wav", "two.aiff"]
    assert sorted(operations.readdir("/album", 0)[2:]) == [
        *("album.cue", "cover.jpg", "deep", "three.wav"),
    ]
    for path, name in (
        ("/one.wav", "16.wav"),
        ("/two.aiff", "24.aiff"),
        ("/album/three.wav", "slices.wav"),
        ("/album/deep/four.w64", "some.w64"),
    ):
        data, _stream = original(name)
        assert operations.getattr(path)["st_size"] == len(data)
        assert _read(operations, path) == data


def test_other_files_are_shown_as_they_are(operations, archive):
    for name in ("album.cue", "cover.jpg"):
        assert _read(operations, f"/album/{name}") == (archive / "album" / name).read_bytes()


def test_a_name_that_is_taken_is_left_to_its_file(archive):
    stream = original("16.wav")[1]
    (archive / "one.wav").write_bytes(b"another file")
    (archive / "one.NLAC").write_bytes(stream)
    (archive / "one.nlac.wav").write_bytes(b"a third one")
    (archive / "two.aiff").mkdir()
    operations = Operations(str(archive), 1 << 20, 4)
    names = set(operations.readdir("/", 0)[2:])
    assert names == {
        *("album", "one.wav", "one.nlac.wav", "one.nlac.2.wav", "one.NLAC.wav"),
        *("two.aiff", "two.NLAC.aiff"),
    }
    assert _read(operations, "/one.wav") == b"another file"
    assert _read(operations, "/one.nlac.2.wav") == original("16.wav")[0]


def test_nothing_is_decoded_to_list(operations, monkeypatch):
    from nlac.codec.decoder import parts

    monkeypatch.setattr(parts, "decode_part", None)
    for name in operations.readdir("/", 0)[2:]:
        operations.getattr(f"/{name}")


def test_permissions_and_times_are_those_of_the_stream(archive, operations):
    os.chmod(archive / "one.nlac", 0o640)
    os.utime(archive / "one.nlac", ns=(10**18 + 3, 10**18 + 5))
    found = operations.getattr("/one.wav")
    assert found["st_mode"] == stat.S_IFREG | 0o440
    assert found["st_mtime"] == 10**18 + 5
    assert found["st_uid"] == os.getuid()
    assert not operations.getattr("/album")["st_mode"] & 0o222


@pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="links of POSIX")
def test_links(archive, tmp_path):
    (tmp_path / "outside.nlac").write_bytes(original("16.wav")[1])
    (archive / "album" / "link.nlac").symlink_to("../one.nlac")
    (archive / "away.nlac").symlink_to(tmp_path / "outside.nlac")
    (archive / "lost.nlac").symlink_to("nothing")
    (archive / "best").symlink_to("album")
    operations = Operations(str(archive), 1 << 20, 4)
    # a link to a stream in the archive is what it leads to; others stay what they are
    assert _read(operations, "/album/link.wav") == original("16.wav")[0]
    for name, target in (("away.nlac", str(tmp_path / "outside.nlac")), ("lost.nlac", "nothing")):
        assert stat.S_ISLNK(operations.getattr(f"/{name}")["st_mode"])
        assert operations.readlink(f"/{name}") == target
    assert operations.readlink("/best") == "album"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
def test_pipes_are_not_shown(archive, operations):
    os.mkfifo(archive / "pipe")
    assert "pipe" not in operations.readdir("/", 0)
    with pytest.raises(FileNotFoundError):
        operations.getattr("/pipe")


@pytest.mark.parametrize("path", ["/no.wav", "/one.nlac", "/no/one.wav", "/one.wav/x"])
def test_what_is_not_there(operations, path):
    with pytest.raises((FileNotFoundError, NotADirectoryError)):
        operations.getattr(path)


def test_nothing_opens_for_writing(operations):
    with pytest.raises(OSError, match=os.strerror(errno.EROFS)):
        operations.open("/one.wav", os.O_RDWR)


def test_what_can_not_be_opened_is_shown_as_it_is(archive, caplog):
    (archive / "cut.nlac").write_bytes(original("16.wav")[1][:-10])
    operations = Operations(str(archive), 1 << 20, 4)
    with caplog.at_level(logging.WARNING, "nlac"):
        for _ in range(2):
            assert "cut.nlac" in operations.readdir("/", 0)
        assert _read(operations, "/cut.nlac") == (archive / "cut.nlac").read_bytes()
    [record] = caplog.records
    assert "cut.nlac: is shown as it is" in record.getMessage()


def test_damage_is_an_error_of_input_and_told_once(archive, caplog):
    data = bytearray((archive / "one.nlac").read_bytes())
    data[len(data) // 2] ^= 1
    (archive / "one.nlac").write_bytes(data)
    operations = Operations(str(archive), 1 << 20, 4)
    handle = operations.open("/one.wav", os.O_RDONLY)
    with caplog.at_level(logging.WARNING, "nlac"):
        for _ in range(2):
            with pytest.raises(OSError, match=os.strerror(errno.EIO)):
                operations.read("/one.wav", 10_000, 0, handle)
    assert operations.read("/one.wav", 100, 0, handle) == original("16.wav")[0][:100]
    [record] = caplog.records
    assert "one.nlac" in record.getMessage()
    assert "block 2" in record.getMessage()
    assert operations.activity.damaged == 1


def test_a_bounded_number_of_files_is_open(archive):
    for number in range(9):
        (archive / f"n{number}.nlac").write_bytes(original("16.wav")[1])
    tree = Tree(str(archive))
    nodes = [tree.node(f"/n{number}.wav") for number in range(9)]
    files = OpenFiles(3, SharedCache(1 << 20))
    for node in nodes * 2:
        with files.reading(node) as file:
            assert file.read_at(0, 4) == b"RIFF"
        assert len(files) <= 3
    with files.reading(nodes[0]) as first, files.reading(nodes[1]), files.reading(nodes[2]):
        with files.reading(nodes[3]):
            # those that are read stay open
            assert len(files) == 4
        assert first.read_at(0, 4) == b"RIFF"
    files.close()
    assert len(files) == 0


def test_a_file_that_was_replaced_is_stale(archive, operations):
    handle = operations.open("/one.wav", os.O_RDONLY)
    operations.destroy("/")
    (archive / "one.nlac").write_bytes(original("24.wav")[1])
    with pytest.raises(OSError, match=os.strerror(errno.ESTALE)):
        operations.read("/one.wav", 10, 0, handle)


def test_changes_of_a_folder_are_seen(archive, operations):
    old = time.time() - 1000
    os.utime(archive, (old, old))
    assert "one.wav" in operations.readdir("/", 0)
    os.rename(archive / "one.nlac", archive / "other.nlac")
    assert "other.wav" in operations.readdir("/", 0)
    assert "one.wav" not in operations.readdir("/", 0)


def test_reading_in_order_decodes_ahead(tmp_path, monkeypatch):
    """The block that follows; not where a program reads here and there."""
    from nlac.codec.decoder import parts

    samples = np.random.default_rng(1).integers(-9, 9, (900_000, 2)).astype(np.int16)
    nlac.write(tmp_path / "long.nlac", samples, 10_000, preset="fast", block_seconds=30)
    found: queue.Queue[int] = queue.Queue()
    decode = parts.decode_part

    def noting(block, stream, start, stop):
        found.put(block.header.block_index)
        return decode(block, stream, start, stop)

    monkeypatch.setattr(parts, "decode_part", noting)
    operations = Operations(str(tmp_path), 1 << 26, 4)
    handle = operations.open("/long.wav", os.O_RDONLY)
    for at in (0, 2_000_000, 200_000):
        operations.read("/long.wav", 4096, at, handle)
    assert {found.get(timeout=10) for _ in range(3)} == {0, 1}
    assert found.empty()
    for at in range(0, 1_190_000, 70_000):
        operations.read("/long.wav", 70_000, at, handle)
    blocks = set()
    while 2 not in blocks:
        blocks.add(found.get(timeout=10))
        # the second block was decoded before, by a request
        operations.read("/long.wav", 70_000, 1_210_000, handle)
    operations.destroy("/")
