"""Tags, pictures, cue sheets and seek tables of FLAC files that became streams."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from flac_library import (
    blocks_of,
    facts,
    listed,
    needs_ffmpeg,
    needs_flac,
    png,
    run,
)

import nlac
from nlac.audio.flac.kept import kept_blocks
from nlac.audio.flac.metadata import STREAMINFO
from nlac.bitstream.reader import IndexedReader
from nlac.editing.editor import MetadataEditor

pytestmark = needs_flac


@pytest.mark.parametrize("name", ["tags", "ogg-20", "pictures", "cue-sheet", "paddings"])
def test_metadata_without_the_file(name: str, library: dict[str, Path], folder: Path) -> None:
    path, coded = library[name], folder / "inexact.nlac"
    result = nlac.encode(path, coded, preset="fast", exact=False, force=True)
    assert not result.restorable
    assert len(result.warnings) == 1
    assert "audio only" in result.warnings[0]
    whole = nlac.encode(path, io.BytesIO(), preset="fast").bytes_out
    assert result.bytes_out < whole
    # no name, no format: what it was
    back = folder / "back.flac"
    assert nlac.decode(coded, back, force=True).container == "flac"
    if path.suffix == ".oga":
        assert blocks_of(back)[1:] == blocks_of(path)[1:]
    else:
        assert listed(back) == listed(path)
        assert facts(back) == facts(path)
    with pytest.raises(nlac.NotRestorable):
        nlac.decode(coded, folder / "no.flac", container="original")


@needs_ffmpeg
def test_tags_and_pictures_show_without_being_stored_twice(
    library: dict[str, Path], folder: Path
) -> None:
    for name in ("tags", "pictures", "ogg-20"):
        for exact in (True, False):
            coded = folder / "shown.nlac"
            nlac.encode(library[name], coded, preset="fast", exact=exact, force=True)
            with nlac.open(coded) as file:
                tags, pictures = file.tags, file.pictures
            assert nlac.info(coded).tags == tags
            assert not {"tags", "picture"} & {item.name for item in nlac.info(coded).metadata}
            if name == "tags":
                assert tags == {"TITLE": ["Ä"], "ARTIST": ["one", "two"]}
            elif name == "pictures":
                assert [(p.picture_type, p.description) for p in pictures] == [
                    (3, "front"), (4, "back")
                ]  # fmt: skip
                assert pictures[0].data == png()
            else:
                assert tags["TITLE"] == ["x"]


def test_pictures_that_were_replaced_are_not_told_twice(
    library: dict[str, Path], folder: Path
) -> None:
    coded = folder / "replaced.nlac"
    nlac.encode(library["pictures"], coded, preset="fast")
    told = nlac.decode(coded, folder / "replaced.wav").warnings
    assert any("2 pictures" in warning for warning in told)
    with MetadataEditor(coded) as editor:
        editor.pictures = editor.pictures[:1]
        editor.save()
    told = nlac.decode(coded, folder / "replaced.wav", force=True).warnings
    assert any(warning.endswith("1 picture") for warning in told)


def test_own_tags_take_the_place_of_those_of_the_file(
    library: dict[str, Path], folder: Path
) -> None:
    coded, anew = folder / "own.nlac", folder / "own.flac"
    nlac.encode(library["tags"], coded, preset="fast", tags={"TITLE": "mine"})
    assert nlac.info(coded).tags == {"TITLE": ["mine"]}
    nlac.decode(coded, anew, container="flac")
    assert run("metaflac", "--export-tags-to=-", anew) == b"TITLE=mine\n"
    kinds = [re.search(r"type: \d+ \((\w+)\)", block)[1] for block in listed(anew)]  # type: ignore[index]
    assert kinds == [re.search(r"\((\w+)\)", b)[1] for b in listed(library["tags"])]  # type: ignore[index]
    # the file itself stays what it was
    nlac.decode(coded, folder / "same.flac")
    assert (folder / "same.flac").read_bytes() == library["tags"].read_bytes()


def test_a_part_has_no_cue_sheet_and_no_seek_table(
    library: dict[str, Path], folder: Path
) -> None:
    coded = folder / "part.nlac"
    for name, lost in (("cue-sheet", "the cue sheet"), ("seek-table", "the seek table")):
        nlac.encode(library[name], coded, preset="fast", force=True)
        result = nlac.decode(coded, folder / "part.flac", start=100, force=True)
        assert any(f"not in the flac file: {lost}" in text for text in result.warnings)
        assert not any("CUESHEET" in b or "SEEKTABLE" in b for b in listed(folder / "part.flac"))
    nlac.encode(library["ogg"], coded, preset="fast", force=True)
    assert nlac.decode(coded, folder / "part.flac", stop=100, force=True).container == "flac"


def test_kept_blocks_of_either_kind(library: dict[str, Path], folder: Path) -> None:
    """Also where they are only kept, blocks are those of the file, byte by byte."""
    found = []
    for exact in (True, False):
        coded = folder / "kept.nlac"
        nlac.encode(library["ogg-20"], coded, preset="fast", exact=exact, force=True)
        with coded.open("rb") as file:
            found.append(kept_blocks(IndexedReader(file).leading))
    assert found[0] == found[1]
    assert found[0][0].kind == STREAMINFO
