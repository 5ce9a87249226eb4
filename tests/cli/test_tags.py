"""``nlac tag``, and the options of tags and pictures of ``nlac encode``."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_tools import wav_bytes
from click.testing import Result

import nlac

Call = Callable[..., Result]
GIF = b"GIF89a\3\0\2\0\x82\0\0" + bytes(24) + b";"


@pytest.fixture
def stream(call: Call, wav: Path, tmp_path: Path) -> Path:
    """``in.nlac`` with a title inside its WAV file, and images beside it."""
    (tmp_path / "c.gif").write_bytes(GIF)
    body = b"INFOINAM\6\0\0\0Inside"
    wav.write_bytes(wav_bytes() + b"LIST" + struct.pack("<I", len(body)) + body)
    assert call("encode", "-q", "--preset", "fast", "--padding", "300", wav).exit_code == 0
    return wav.with_suffix(".nlac")


def tags(path: Path) -> dict[str, list[str]]:
    assert nlac.test(path).frames == 3000
    return nlac.info(path).tags


def objects(done: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_encode_takes_tags_pictures_and_padding(call: Call, wav: Path, tmp_path: Path) -> None:
    (tmp_path / "c.gif").write_bytes(GIF)
    (tmp_path / "lyrics.txt").write_text("la\nla\n", encoding="utf-8")
    done = call(
        "encode", "in.wav", "-T", "Artist=A=B", "-T", "ARTIST=C", "--tag-from-file",
        "LYRICS=lyrics.txt", "--picture", "c.gif", "--picture", "4||back||c.gif", "--padding", "2K",
    )  # fmt: skip
    assert done.exit_code == 0
    facts = nlac.info(tmp_path / "in.nlac")
    assert facts.tags == {"ARTIST": ["A=B", "C"], "LYRICS": ["la\nla\n"]}
    assert facts.metadata[-2].name == "padding"
    assert facts.metadata[-2].num_bytes == 2048
    with nlac.open(tmp_path / "in.nlac") as file:
        assert [(p.picture_type, p.description) for p in file.pictures] == [(3, ""), (4, "back")]
        assert file.pictures[0].data == GIF
    assert call("encode", "-f", "in.wav", "--padding", "0").exit_code == 0
    assert all(each.name != "padding" for each in nlac.info(tmp_path / "in.nlac").metadata)


def test_set_list_remove_clear(call: Call, stream: Path) -> None:
    assert call("tag", "list", stream).stdout == f"{stream}: tags of LIST/INFO\n  TITLE=Inside\n"
    done = call("tag", "set", "in.nlac", "-T", "artist=One", "-T", "Artist=Two")
    assert done.exit_code == 0
    assert done.stdout.startswith("in.nlac: 3 tags; written in place, 2")
    assert tags(stream) == {"TITLE": ["Inside"], "ARTIST": ["One", "Two"]}
    call("tag", "set", "in.nlac", "-T", "ARTIST=Three", "--add", "-T", "title=T")
    assert tags(stream) == {"TITLE": ["Inside", "T"], "ARTIST": ["One", "Two", "Three"]}
    call("tag", "remove", "in.nlac", "-T", "artist=Two", "-T", "TIT*")
    assert tags(stream) == {"ARTIST": ["One", "Three"]}
    assert "unchanged" in call("tag", "remove", "in.nlac", "-T", "TITLE").stdout
    call("tag", "set", "in.nlac", "-T", "X=1", "--picture", "c.gif")
    done = call("tag", "clear", "in.nlac", "--keep", "x", "--json")
    (facts,) = objects(done)
    assert (facts["num_tags"], facts["num_pictures"], facts["in_place"]) == (1, 1, True)
    assert "0 tags; " in call("tag", "clear", "in.nlac", "--pictures").stdout
    assert tags(stream) == {}
    assert call("decode", "-f", "in.nlac").exit_code == 0


def test_a_rewrite_says_so(call: Call, stream: Path) -> None:
    done = call("tag", "set", "in.nlac", "--tag-from-file", "LYRICS=c.gif")
    assert done.exit_code == 2
    assert "c.gif: is no text in UTF-8" in done.stderr
    Path("text").write_text("".join(map(chr, range(32, 700))), encoding="utf-8")
    done = call("tag", "set", "in.nlac", "--tag-from-file", "LYRICS=text")
    assert done.stdout == "in.nlac: 2 tags; rewritten: padding was too small\n"
    done = call("tag", "set", "in.nlac", "-T", "A=1", "--padding", "1K", "--preserve-mtime")
    assert "rewritten: padding of 1024 bytes was asked for" in done.stdout
    assert nlac.info(stream).metadata[-2].num_bytes == 1024


def test_text_files(call: Call, stream: Path, tmp_path: Path) -> None:
    lyrics = "la\nTITLE=no\n\tx"
    with nlac.open(stream, "r+") as file:
        file.tags["LYRICS"] = lyrics
    before = tags(stream)
    exported = call("tag", "export", "in.nlac").stdout_bytes
    assert exported.splitlines()[-1] == b"\t\tx"
    (tmp_path / "t.txt").write_bytes(exported)
    call("tag", "clear", "in.nlac")
    assert call("tag", "import", "in.nlac", "--from", "t.txt").exit_code == 0
    assert tags(stream) == before
    done = call("tag", "import", "in.nlac", "--from", "-", "--add", input=b"MOOD=calm\n")
    assert done.exit_code == 0
    assert tags(stream) == before | {"MOOD": ["calm"]}
    assert call("tag", "import", "in.nlac", "--from-original").exit_code == 0
    assert tags(stream) == {"TITLE": ["Inside"]}
    # many files, each with its own text
    shutil.copy(stream, tmp_path / "two.nlac")
    call("tag", "set", "two.nlac", "-T", "TITLE=Two")
    assert call("tag", "export", "in.nlac", "two.nlac", "-o", "texts").exit_code == 0
    assert (tmp_path / "texts/two.txt").read_text() == "TITLE=Two\n"
    (tmp_path / "texts/in.txt").write_text("TITLE=One\n")
    assert call("tag", "import", "in.nlac", "two.nlac", "--from", "texts").exit_code == 0
    assert (tags(stream), tags(tmp_path / "two.nlac")) == ({"TITLE": ["One"]}, {"TITLE": ["Two"]})
    (tmp_path / "texts/in.txt").write_text("TITLE=One\nno\n")
    done = call("tag", "import", "in.nlac", "--from", "texts/in.txt")
    assert "texts/in.txt: line 2: 'no' has no '='" in done.stderr
    assert call("tag", "export", "in.nlac", "-o", "texts/in.txt").exit_code == 5


def test_pictures(call: Call, stream: Path, tmp_path: Path) -> None:
    done = call(
        "tag", "picture", "add", "in.nlac", "--picture", "c.gif", "--picture", "4||b\x1b||c.gif"
    )
    assert done.exit_code == 0
    done = call("tag", "picture", "list", "in.nlac")
    assert "picture 2: back cover, image/gif, 3x2, 24 bits, 8 colours, 38 bytes" in done.stdout
    assert "\x1b" not in done.stdout
    (facts,) = objects(call("tag", "list", "in.nlac", "--json"))
    assert [each["type"] for each in facts["pictures"]] == [3, 4]
    assert facts["tags"] == {"TITLE": ["Inside"]}
    assert call("tag", "picture", "export", "in.nlac", "-o", "p/").exit_code == 0
    names = sorted(path.name for path in (tmp_path / "p").iterdir())
    assert names == ["in-1-front-cover.gif", "in-2-back-cover.gif"]
    done = call("tag", "picture", "export", "in.nlac", "-n", "2", "-o", "-")
    assert done.stdout_bytes == GIF
    assert call("tag", "picture", "export", "in.nlac", "-o", "x.gif").exit_code == 2
    assert call("tag", "picture", "remove", "in.nlac", "--type", "front cover").exit_code == 0
    with nlac.open(stream) as file:
        assert [each.picture_type for each in file.pictures] == [4]
    assert call("tag", "picture", "remove", "in.nlac", "-n", "2").exit_code == 2
    assert call("tag", "picture", "remove", "in.nlac").exit_code == 2
    assert call("tag", "picture", "remove", "in.nlac", "--all").exit_code == 0
    done = call("tag", "picture", "export", "in.nlac")
    assert (done.exit_code, done.stdout) == (
        0, "in.nlac: nothing to export, it has no such picture\n",
    )  # fmt: skip
    assert call("tag", "picture", "export", "in.nlac", "-o", "x.gif").exit_code == 1


def test_names_in_files_never_become_paths(call: Call, stream: Path, tmp_path: Path) -> None:
    with nlac.open(stream, "r+") as file:
        picture = nlac.Picture(2**31, "../../evil", "/etc/passwd", 0, 0, 0, 0, b"data")
        file.pictures.append(picture)
    assert call("tag", "picture", "export", "in.nlac", "-o", "p/").exit_code == 0
    (name,) = (tmp_path / "p").iterdir()
    assert name.name == f"in-1-type-{2**31}.bin"


def test_complaint_kept_chunks_can_be_deleted_later(call: Call, stream: Path) -> None:
    """Ecosystem 2.6, row 4: no way to list foreign chunks in a file, or to delete them."""
    done = call("tag", "chunks", "list", "in.nlac")
    assert done.stdout == (
        "in.nlac: wav file\n  fmt   16 bytes\n  odd   3 bytes\n  LIST  18 bytes\n"
    )
    before = nlac.info(stream)
    done = call("tag", "chunks", "remove", "in.nlac", "--keep-tags")
    assert "the original file no longer comes back; decoding writes a fresh one" in done.stderr
    assert tags(stream) == {"TITLE": ["Inside"]}
    after = nlac.info(stream)
    assert (after.container, after.original_md5, after.md5) == (None, None, before.md5)
    assert call("decode", "--format", "original", "in.nlac", "x.wav").exit_code == 1
    assert call("decode", "in.nlac", "x.wav").exit_code == 0
    (facts,) = objects(call("tag", "chunks", "list", "--json", "in.nlac"))
    assert facts["chunks"] == []
    assert "unchanged" in call("tag", "chunks", "remove", "in.nlac").stdout


def test_an_original_without_tags_has_nothing_to_import(call: Call, tmp_path: Path) -> None:
    (tmp_path / "bare.wav").write_bytes(wav_bytes())
    assert call("encode", "-q", "--preset", "fast", "bare.wav").exit_code == 0
    done = call("tag", "import", "bare.nlac", "--from-original")
    assert done.exit_code == 0
    assert done.stdout == (
        "bare.nlac: nothing to import, its original file has no tags; unchanged\n"
    )


def test_tags_that_go_with_the_chunks_are_told(call: Call, stream: Path) -> None:
    done = call("tag", "chunks", "remove", "in.nlac")
    assert "LIST/INFO; they go with the chunks (--keep-tags stores them)" in done.stderr
    assert tags(stream) == {}


@pytest.mark.skipif(shutil.which("flac") is None, reason="flac is not installed")
@pytest.mark.parametrize("ogg", [False, True])
def test_copy_from_flac(call: Call, stream: Path, tmp_path: Path, ogg: bool) -> None:
    (tmp_path / "plain.wav").write_bytes(wav_bytes())
    subprocess.run(
        ["flac", "-s", *["--ogg"] * ogg, "-T", "ARTIST=É", "-T", "ARTIST=2", "--picture=c.gif",
         "-o", "x.flac", "plain.wav"],
        cwd=tmp_path, check=True, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    shutil.copy(stream, tmp_path / "two.nlac")
    assert call("tag", "copy", "x.flac", "in.nlac", "two.nlac").exit_code == 0
    for path in (stream, tmp_path / "two.nlac"):
        assert tags(path) == {"ARTIST": ["É", "2"]}
        with nlac.open(path) as file:
            assert [each.data for each in file.pictures] == [GIF]
    call("tag", "set", "in.nlac", "-T", "DATE=2024")
    assert call("tag", "copy", "in.nlac", "two.nlac", "--add").exit_code == 0
    assert tags(tmp_path / "two.nlac") == {"ARTIST": ["É", "2", "É", "2"], "DATE": ["2024"]}
    with nlac.open(tmp_path / "two.nlac") as file:
        assert len(file.pictures) == 1
    # back as FLAC: the same tags by another program
    assert call("decode", "-f", "in.nlac", "back.flac").exit_code == 0
    told = subprocess.run(
        ["metaflac", "--export-tags-to=-", tmp_path / "back.flac"], capture_output=True, check=True
    ).stdout.decode()
    assert told.splitlines() == ["ARTIST=É", "ARTIST=2", "DATE=2024"]


@pytest.mark.skipif(shutil.which("wavpack") is None, reason="wavpack is not installed")
def test_copy_from_wavpack_by_mutagen(call: Call, stream: Path, tmp_path: Path) -> None:
    pytest.importorskip("mutagen")
    (tmp_path / "plain.wav").write_bytes(wav_bytes())
    subprocess.run(
        ["wavpack", "-q", "-w", "Artist=Me", "-w", "Track=3/4", "plain.wav", "-o", "x.wv"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    assert call("tag", "copy", "x.wv", "in.nlac").exit_code == 0
    assert tags(stream) == {"ARTIST": ["Me"], "TRACKNUMBER": ["3"], "TRACKTOTAL": ["4"]}


@pytest.mark.parametrize(
    ("args", "code", "hint"),
    [
        (["set", "in.nlac"], 2, "nothing to set"),
        (["set", "in.nlac", "-T", "title"], 2, "FIELD=VALUE"),
        (["set", "in.nlac", "-T", "é=1"], 2, "ASCII"),
        (["set", "in.nlac", "-T", "B=é\udcff"], 2, "-T B: its value is no text in UTF-8 (byte 2)"),
        (["set", "in.nlac", "-T", "\udcff=1"], 2, "-T ?=1: a tag is"),
        (["set", "in.nlac", "-T", "A=1", "--padding", "-1"], 2, "no size"),
        (["set", "in.nlac", "-T", "A=1", "--padding", "17M"], 2, "padding 17825792"),
        (["set", "in.wav", "-T", "A=1"], 1, "not an nlac stream but a WAV file"),
        (["set", "-", "-T", "A=1"], 2, "a pipe or device cannot be edited"),
        (["set", "absent.nlac", "-T", "A=1"], 1, "No such file"),
        (["set", "in.nlac", "--picture", "absent.png"], 1, "No such file"),
        (["set", "in.nlac", "--picture", "in.wav"], 2, "PNG, JPEG, GIF nor WebP"),
        (["import", "in.nlac"], 2, "--from PATH or --from-original"),
        (["export", "in.nlac", "in.nlac"], 2, "-o FOLDER"),
        (["copy", "c.gif", "in.nlac"], 1, "c.gif: "),
        (["copy", "in.nlac"], 2, "missing argument"),
        (["sett", "in.nlac"], 2, "did you mean set"),
    ],
)
def test_wrong_use(call: Call, stream: Path, args: list[str], code: int, hint: str) -> None:
    before = stream.read_bytes()
    done = call("tag", *args)
    assert done.exit_code == code
    assert hint in done.stderr
    assert stream.read_bytes() == before


def test_many_files_and_folders(call: Call, stream: Path, tmp_path: Path) -> None:
    (tmp_path / "top/deep").mkdir(parents=True)
    shutil.copy(stream, tmp_path / "top/a.nlac")
    shutil.copy(stream, tmp_path / "top/deep/b.nlac")
    (tmp_path / "top/bad.nlac").write_bytes(stream.read_bytes()[:-1])
    os.mkfifo(tmp_path / "top/pipe.nlac")
    done = call("tag", "set", "-r", "top", "-T", "TITLE=All", "--json")
    assert done.exit_code == 3
    facts = {each["file"]: each for each in objects(done)}
    assert [each["ok"] for each in facts.values()] == [True, False, False, True]
    assert facts["top/bad.nlac"]["error"] == "TruncatedStream"
    done = call("tag", "list", "-r", "top", "--include", "[ab].nlac")
    assert done.stdout.count("TITLE=All") == 2
    assert call("info", "top/a.nlac").stdout.count("TITLE=All") == 1
    assert "tags of   the original file, LIST/INFO" in call("info", "in.nlac").stdout
