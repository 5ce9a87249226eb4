"""Sequences of edits against a model; after each the whole file is checked."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from edit_tools import INFO, WAV, check, encoded, items_of, with_items
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_tools import make_wav

import nlac
from nlac.bitstream.items import Picture, Tags
from nlac.bitstream.metadata import MetadataItem
from nlac.editing.editor import MetadataEditor

EMPTY_WAV = make_wav(np.zeros((0, 2)), INFO, b"note\2\0\0\0ab")
UNKNOWN = [MetadataItem(4, b"APPLdata"), MetadataItem(200, bytes(100))]
AFTER = [MetadataItem(201, b"after the blocks")]
NAMES = st.sampled_from(["TITLE", "Artist", "X"])
TEXTS = st.text(st.sampled_from("aé\n="), max_size=40)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), NAMES, st.lists(TEXTS, max_size=2)),
        st.tuples(st.just("picture"), st.integers(0, 20), st.binary(max_size=300)),
        st.tuples(st.just("drop picture"), st.just(0), st.just(b"")),
        st.tuples(st.just("pad"), st.integers(0, 60), st.just(b"")),
        st.tuples(st.just("strip"), st.just(0), st.just(b"")),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=60)
@given(st.integers(0, 90), st.booleans(), st.booleans(), STEPS)
def test_edits_do_what_a_model_does(padding, empty, original, steps):
    wav = EMPTY_WAV if empty else WAV
    before = encoded(wav, padding=padding, tags={"title": "a"}, strip_chunks=not original)
    before = with_items(before, UNKNOWN, AFTER if original or not empty else None)
    kept = {item for item in items_of(before) if item[0] not in (1, 2)}
    tags = {"TITLE": ["a"]}
    pictures: list[Picture] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.nlac")
        path.write_bytes(before)
        for step, first, second in steps:
            size = None
            with MetadataEditor(path) as editor:
                assert dict(editor.tags) == tags
                if step == "set":
                    editor.tags[first] = second
                    tags = {key: v for key, v in tags.items() if key != first.upper()} | {
                        key: second for key in [first.upper()] if second
                    }
                elif step == "picture":
                    picture = Picture(0, "image/png", "é", first, first, 24, 0, second)
                    editor.pictures.append(picture)
                    pictures.append(picture)
                elif step == "drop picture":
                    editor.pictures[:1] = []
                    del pictures[:1]
                elif step == "pad":
                    size = first
                else:
                    editor.remove_original()
                    original = False
                    kept = {item for item in kept if item[0] < 16 or item[0] > 19}
                edit = editor.save(padding=size)
                assert editor.save() == type(edit)(
                    False, True, "", edit.bytes_after, edit.bytes_after, edit.padding
                )
            data = check(path, before, original=wav if original else None)
            assert len(data) == edit.bytes_after
            assert edit.in_place == (not edit.why)
            if edit.in_place:
                assert len(data) == edit.bytes_before
            assert size in (None, edit.padding)
            with nlac.open(data) as file:
                assert file.tags == tags
                assert file.pictures == pictures
                assert sum(i.num_bytes for i in file.info.metadata if i.name == "padding") == (
                    edit.padding
                )
            items = items_of(data)
            assert {item for item in items if item[0] not in (1, 2)} == kept
            stored = [Tags.from_item(MetadataItem(*item)) for item in items if item[0] == 1]
            assert [each.vendor for each in stored] == ["nlac"] * bool(tags or original)
