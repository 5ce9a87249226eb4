"""Tags as a mapping, and as text files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlac import UsageError
from nlac.metadata.tags import TagEditor
from nlac.metadata.text import dump_tags, parse_tags

NAMES = st.text(st.sampled_from("aAbB #}-"), min_size=1, max_size=2)
VALUES = st.text(
    st.one_of(st.sampled_from("\n\r\t=#x\\"), st.characters(codec="utf-8")), max_size=5
)
PAIRS = st.lists(st.tuples(NAMES, VALUES), max_size=8)
# what is done to both: a method, a name, values
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["set", "add", "delete", "append", "drop", "clear"]),
        NAMES,
        st.lists(VALUES, max_size=3),
    ),
    max_size=10,
)


@given(PAIRS, STEPS)
def test_mapping_does_as_a_dict_of_lists_with_names_in_capitals(pairs, steps):
    tags = TagEditor(pairs)
    model: dict[str, list[str]] = {}
    for name, value in pairs:
        model.setdefault(name.upper(), []).append(value)
    for step, name, values in steps:
        key = name.upper()
        if step == "set":
            tags[name] = values
            model[key] = list(values)
        elif step == "add":
            for value in values:
                tags.add(name, value)
            model.setdefault(key, []).extend(values)
        elif step == "delete" and key in model:
            del tags[name]
            del model[key]
        elif step == "append" and key in model:
            tags[name].extend(values)
            model[key] += values
        elif step == "drop" and key in model:
            last = model[key].pop()
            assert tags[name].pop() == last
        elif step == "clear" and values:
            tags.clear()
            model.clear()
        model = {key: values for key, values in model.items() if values}
        assert dict(tags) == model
        assert len(tags) == len(model)
        assert all(name in tags and name.lower() in tags for name in model)
    assert TagEditor(tags.comments) == tags


def test_order_and_spelling_stay():
    tags = TagEditor([("Artist", "1"), ("title", "t"), ("ARTIST", "2"), ("Date", "d")])
    tags["artist"] = ["1", "3", "4"]
    assert tags.comments == (
        *(("artist", "1"), ("title", "t"), ("artist", "3"), ("artist", "4")),
        ("Date", "d"),
    )
    tags["artist"] = "5"
    assert tags.comments == (("artist", "5"), ("title", "t"), ("Date", "d"))
    assert tags.remove_value("TITLE", "t")
    assert not tags.remove_value("title", "t")
    assert list(tags) == ["ARTIST", "DATE"]


@pytest.mark.parametrize("name", ["", "a=b", "é", "a~", "tab\t"])
def test_names_that_are_not_allowed(name):
    tags = TagEditor()
    with pytest.raises(UsageError, match="printable ASCII"):
        tags[name] = "x"
    with pytest.raises(UsageError):
        tags.add("name", "\ud800")
    with pytest.raises(KeyError):
        tags["absent"]
    assert not tags


@given(PAIRS)
def test_text_comes_back(pairs):
    text = dump_tags(pairs)
    assert parse_tags(text) == pairs
    assert parse_tags("\ufeff# made by hand\n\n" + text) == pairs


def test_text_of_windows_and_of_metaflac():
    assert parse_tags("A=1\r\n\tb\r\nC=\r\n") == [("A", "1\nb"), ("C", "")]
    assert parse_tags("A=c:\\new\nB==\n") == [("A", "c:\\new"), ("B", "=")]


@pytest.mark.parametrize(
    ("text", "line"), [("A=1\nB\n", "line 2"), ("\tx\n", "line 1"), ("é=1", "line 1")]
)
def test_bad_text_names_the_line(text, line):
    with pytest.raises(UsageError, match=line):
        parse_tags(text)
