"""Pictures of image files, and flac's picture specifications."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from images import gif, jpeg, png, webp

import nlac
from nlac import UsageError
from nlac.metadata.images import image_facts
from nlac.metadata.pictures import make_picture, parse_picture, picture_type_number

IMAGES = {
    "rgb.png": (png(), ("image/png", 3, 2, 24, 0)),
    "rgba.png": (png(depth=16, colour_type=6), ("image/png", 3, 2, 64, 0)),
    "grey.png": (png(depth=4, colour_type=0), ("image/png", 3, 2, 4, 0)),
    "palette.png": (png(depth=8, colour_type=3, palette=5), ("image/png", 3, 2, 24, 5)),
    "rgb.jpg": (jpeg(640, 480), ("image/jpeg", 640, 480, 24, 0)),
    "grey.jpg": (jpeg(components=1, frame=0xC2), ("image/jpeg", 3, 2, 8, 0)),
    "filled.jpg": (jpeg(fill=b"\xff\xff\x01"), ("image/jpeg", 3, 2, 24, 0)),
    "a.gif": (gif(), ("image/gif", 3, 2, 24, 8)),
    "lossy.webp": (webp(), ("image/webp", 3, 2, 24, 0)),
    "lossless.webp": (webp(b"VP8L", 70, 9, True), ("image/webp", 70, 9, 32, 0)),
    "extended.webp": (webp(b"VP8X", 70000, 9, True), ("image/webp", 70000, 9, 32, 0)),
}


@pytest.mark.parametrize("name", IMAGES)
def test_facts_are_read_from_the_bytes(name, tmp_path):
    data, (media_type, *size) = IMAGES[name]
    # whatever the name says
    path = tmp_path / "image.txt"
    path.write_bytes(data)
    picture = nlac.read_picture(path, description="d")
    assert picture == nlac.Picture(3, media_type, "d", *size, data)
    # a part of a file is damaged, or what is needed is in it
    for length in range(12, len(data)):
        try:
            facts = image_facts(data[:length])
        except UsageError:
            continue
        assert facts is None or facts == image_facts(data)


@pytest.mark.skipif(shutil.which("metaflac") is None, reason="metaflac is not installed")
# metaflac 1.4.2 knows no WebP, and gives up at fill bytes of JPEG
@pytest.mark.parametrize("name", [n for n in IMAGES if n[-4:] != "webp" and n != "filled.jpg"])
def test_facts_are_those_of_metaflac(name, tmp_path):
    data, (media_type, width, height, depth, colours) = IMAGES[name]
    flac, image = tmp_path / "a.flac", tmp_path / name
    image.write_bytes(data)
    nlac.write(tmp_path / "a.nlac", [0, 1], 8000, bits_per_sample=16, preset="fast")
    nlac.decode(tmp_path / "a.nlac", flac)
    subprocess.run(["metaflac", f"--import-picture-from={image}", flac], check=True)
    told = subprocess.run(
        ["metaflac", "--list", "--block-type=PICTURE", flac], capture_output=True, check=True
    ).stdout.decode("latin-1")
    found = dict(re.findall(r"^  ([\w ]+): (\S+)", told, re.MULTILINE))
    assert found["MIME type"] == media_type
    numbers = [int(found[key]) for key in ("width", "height", "depth", "colors")]
    assert numbers == [width, height, depth, colours]


@given(st.sampled_from(sorted(IMAGES)), st.integers(0, 99), st.integers(0, 255), st.integers(0, 99))
def test_damaged_images_are_refused_or_read(name, place, value, length):
    data = bytearray(IMAGES[name][0])
    data[place % len(data)] = value
    try:
        facts = image_facts(bytes(data[: len(data) - length % 7]))
    except UsageError:
        return
    assert facts is None or (facts.width and facts.height)


def test_specifications(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.png").write_bytes(png())
    (tmp_path / "c.avif").write_bytes(b"an image of a kind that is not known here")
    assert parse_picture("c.png") == make_picture(png())
    assert parse_picture("||||c.png") == make_picture(png())
    back = parse_picture(r"4|image/x-png|a \| b|640x480x24/173|c.png")
    assert back == nlac.Picture(4, "image/x-png", "a | b", 640, 480, 24, 173, png())
    assert parse_picture("band logotype||||c.png").picture_type == 19
    assert parse_picture("3|image/avif||8x9x24|c.avif").height == 9
    link = parse_picture("|-->|||https://example.org/a|b.png")
    assert (link.media_type, link.data, link.width) == ("-->", b"https://example.org/a|b.png", 0)


@pytest.mark.parametrize(
    ("specification", "message"),
    [
        ("3|image/png|c.png", "TYPE|MEDIA TYPE"),
        ("21||||c.png", "picture type"),
        ("|||640x480|c.png", "no size"),
        ("||||", "no file"),
        ("c.txt", "PNG, JPEG"),
        ("1||||c.png", "32 x 32"),
        ("|é|||c.png", "ASCII"),
    ],
)
def test_wrong_specifications_say_why(tmp_path, monkeypatch, specification, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.png").write_bytes(png())
    (tmp_path / "c.txt").write_bytes(b"text")
    with pytest.raises(UsageError, match=re.escape(message)):
        parse_picture(specification)


def test_limits():
    with pytest.raises(UsageError, match="at most"):
        make_picture(png() + bytes(2**24))
    assert make_picture(png(32, 32), picture_type=1).width == 32
    assert picture_type_number("Front-Cover") == 3
    with pytest.raises(UsageError, match="picture type"):
        picture_type_number("3.5")
