"""The library's table, covers and commands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

import nlac

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a4944415478da63f80f00010101005f6b0a1c0000000049454e44ae426082"
)


def paths(client, **query):
    return [row["path"] for row in client.get("/api/library", params=query).json()["rows"]]


def test_table(client, archive):
    page = client.get("/api/library").json()
    assert [row["path"] for row in page["rows"]] == ["plain.wav", "sub/song.nlac"]
    plain, song = page["rows"]
    assert (plain["original_bytes"], plain["seconds"]) == (None, pytest.approx(4000 / 44100))
    assert (song["title"], song["artist"], song["predictor"]) == ("Étude", "Nobody", "lpc")
    size = (archive / "sub/song.nlac").stat().st_size
    original = nlac.info(archive / "sub/song.nlac").original_bytes
    assert (song["bytes"], song["original_bytes"]) == (size, original)
    assert (page["total"], page["bytes"], page["original_bytes"]) == (2, size, original)


def test_search_and_order(client):
    assert paths(client, query="étude SONG") == ["sub/song.nlac"]
    assert paths(client, query="nobody plain") == []
    assert paths(client, sort="bytes") == ["sub/song.nlac", "plain.wav"]
    assert paths(client, sort="bytes", order="down") == ["plain.wav", "sub/song.nlac"]
    assert paths(client, limit=1, offset=1) == ["sub/song.nlac"]
    assert client.get("/api/library", params={"sort": "colour"}).status_code == 422


def test_changes_are_seen(client, archive):
    assert len(paths(client)) == 2
    shutil.copy(archive / "sub/song.nlac", archive / "copy.nlac")
    data = bytearray((archive / "sub/song.nlac").read_bytes())
    data[5] ^= 255
    (archive / "sub/song.nlac").write_bytes(data)
    page = client.get("/api/library").json()
    assert [row["path"] for row in page["rows"]] == ["copy.nlac", "plain.wav", "sub/song.nlac"]
    assert page["rows"][0]["damaged"] is None
    assert page["rows"][2]["damaged"]


def test_cover(client, archive):
    picture = archive / "cover.png"
    picture.write_bytes(PNG)
    nlac.encode(archive / "plain.wav", archive / "with.nlac", pictures=[picture], preset="fast")
    rows = {row["path"]: row for row in client.get("/api/library").json()["rows"]}
    assert rows["with.nlac"]["has_cover"]
    answer = client.get("/api/library/cover", params={"ref": "library:with.nlac"})
    assert (answer.headers["content-type"], answer.content) == ("image/png", PNG)
    none = client.get("/api/library/cover", params={"ref": "library:sub/song.nlac"})
    assert none.status_code == 404


def test_commands_can_be_copied_and_run(client, archive):
    odd = archive / "sub" / "it's (odd) $HOME.nlac"
    (archive / "sub/song.nlac").rename(odd)
    answer = client.get(
        "/api/library/commands", params={"ref": "library:sub/it's (odd) $HOME.nlac"}
    )
    commands = {one["what"]: one["command"] for one in answer.json()}
    program = f"{sys.executable} -P -m nlac"
    for what in ("test for damage", "restore the original"):
        command = commands[what].replace("nlac ", f"{program} ", 1)
        subprocess.run(["sh", "-c", command], cwd=archive, check=True, capture_output=True)
    assert odd.with_suffix(".wav").exists()


@pytest.mark.parametrize(
    "path",
    [
        *("../outside.wav", "sub/../../outside.wav", "/etc/hostname", "sub", "", "none.nlac"),
        *("link.wav", "folder/outside.wav", "pipe.wav", "a\0b", "%2e%2e/outside.wav"),
    ],
)
def test_nothing_outside_of_the_folder_is_opened(client, archive, path):
    if hasattr(os, "mkfifo"):
        os.mkfifo(archive / "pipe.wav")
        (archive / "link.wav").symlink_to(archive.parent / "outside.wav")
        (archive / "folder").symlink_to(archive.parent)
    for url in ("/api/facts", "/api/audio", "/api/download", "/api/library/cover"):
        answer = client.get(url, params={"ref": f"library:{path}"})
        assert answer.status_code == 404, url
    assert paths(client) == ["plain.wav", "sub/song.nlac"]


def test_odd_names_and_links_to_themselves_are_left_out(client, archive):
    shutil.copy(archive / "plain.wav", os.fsencode(archive) + b"/odd\xff.wav")
    (archive / "self.wav").symlink_to(archive / "self.wav")
    assert paths(client) == ["plain.wav", "sub/song.nlac"]
    assert client.get("/audio.m3u8").status_code == 200
    assert client.get("/audio/self.wav").status_code == 404


@pytest.mark.parametrize("path", [".secret/take.wav", ".take.wav", "notes.txt", "sub/.a.nlac"])
def test_what_is_not_listed_is_not_given_out(client, archive, path):
    (archive / path).parent.mkdir(exist_ok=True)
    shutil.copy(archive / "plain.wav", archive / path)
    for url in ("/api/facts", "/api/download"):
        assert client.get(url, params={"ref": f"library:{path}"}).status_code == 404
    assert client.get(f"/audio/{path}").status_code == 404


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads anything")
def test_files_that_may_not_be_read(client, archive):
    (archive / "plain.wav").chmod(0)
    answer = client.get("/api/facts", params={"ref": "library:plain.wav"})
    assert answer.status_code == 403
    assert answer.json()["detail"] == "the file can't be read: Permission denied"
