"""Positions of --skip and --until."""

from __future__ import annotations

import pytest

from nlac._errors import UsageError
from nlac.cli.options.times import parse_position


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ("0", 0),
        ("10", 441_000),
        ("1.5", 66_150),
        ("1.", 44_100),
        (".5s", 22_050),
        ("2 seconds", 88_200),
        ("441000f", 441_000),
        ("1 frame", 1),
        ("100 frames", 100),
        ("0:00", 0),
        ("1:30", 90 * 44_100),
        ("01:30.5", 90 * 44_100 + 22_050),
        ("0:02.", 2 * 44_100),
        ("90:00", 90 * 60 * 44_100),
        ("1:02:03", 3723 * 44_100),
        # 0.00001 s is 0.441 frames: the earlier frame
        ("0:00.00001", 0),
        # a time that no binary fraction holds is still exact
        ("0:00.1", 4_410),
        ("+100f", 1_100),
        ("+0:01", 45_100),
        ("-100f", 999_999_900),
        ("-0:01", 999_955_900),
        ("-0", 1_000_000_000),
    ],
)
def test_place(text: str, frame: int) -> None:
    assert parse_position(text).resolve(44_100, 1_000_000_000, skip=1_000) == frame


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", "1,5", "1.5f", "1e3", ".", "1h", "0:61", "1:60:00", "0:1,5", ":3", "1:"),
        *("--5", "+-5", "١", "5 ", "0:٣"),
    ],
)
def test_nonsense_is_refused_with_the_grammar(text: str) -> None:
    with pytest.raises(UsageError, match=r"mm:ss\.fff"):
        parse_position(text)


def test_outside() -> None:
    with pytest.raises(UsageError, match="behind the end"):
        parse_position("101f").resolve(44_100, 100)
    with pytest.raises(UsageError, match="before the beginning"):
        parse_position("-101f").resolve(44_100, 100)
    assert parse_position("100f").resolve(44_100, 100) == 100


def test_the_end_of_an_unknown_length() -> None:
    assert parse_position("101f").resolve(44_100, None) == 101
    with pytest.raises(UsageError, match="length is not known"):
        parse_position("-1f").resolve(44_100, None)
