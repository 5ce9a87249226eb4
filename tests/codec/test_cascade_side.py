"""The parameters of a cascade as bytes: all come back, few bytes, and nothing out of range."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlac._errors import CorruptStream
from nlac.codec.encoder.presets import BASES
from nlac.entropy.exp_golomb import MAX_LENGTH, GolombReader, write_golomb
from nlac.predictors.cascade.parameter_codes import read_parameters, write_parameters
from nlac.predictors.cascade.parameters import CascadeParameters, RlsParameters, StageParameters

HIGH = BASES["high"]
stages = st.builds(
    lambda taps, other, step: StageParameters(32 * taps, 32 * other, step),
    st.integers(1, 128), st.integers(0, 128), st.integers(24, 80),
)  # fmt: skip


@st.composite
def cascades(draw: st.DrawFn) -> CascadeParameters:
    """Parameters that the specification allows."""
    batch = draw(st.integers(3, 6))
    rls = [
        RlsParameters(
            draw(st.integers(1, 512)), draw(st.integers(0, 256)), draw(st.integers(batch + 1, 13)),
            draw(st.integers(1, 65535)), draw(st.integers(0, 32)), i > 0 and draw(st.booleans()),
            draw(st.integers(28, 50)),
        )
        for i in range(draw(st.integers(2, 5)))
    ]  # fmt: skip
    wide = draw(st.integers(1, 4))
    deep = draw(st.integers(1, min(4, (16 - len(rls)) // wide)))
    return CascadeParameters(
        batch,
        tuple(rls),
        tuple(tuple(draw(stages) for _ in range(deep)) for _ in range(wide)),
        tuple(draw(st.lists(st.integers(4, 13), min_size=1, max_size=3))),
        draw(st.integers(1, 255)),
        tuple(draw(st.lists(st.integers(16, 80), max_size=1))),
    )


@given(cascades(), st.binary(max_size=3), st.binary(max_size=3))
def test_any_come_back(parameters, before, after):
    data = write_parameters(parameters)
    found, end = read_parameters(before + data + after, len(before))
    assert found == parameters
    assert end == len(before) + len(data)
    for i in range(len(data)):
        with pytest.raises(CorruptStream):
            read_parameters(data[:i], 0)


CASCADES = {name: base for name, base in BASES.items() if base is not None}


@pytest.mark.parametrize("name", CASCADES)
def test_usual_ones_take_few_bytes(name):
    data = write_parameters(CASCADES[name])
    assert read_parameters(data, 0) == (CASCADES[name], len(data))
    assert len(data) <= 25


@pytest.mark.parametrize("parameters", CASCADES.values())
def test_what_is_read_is_in_range_or_refused(parameters):
    data = write_parameters(parameters)
    for place in range(8 * len(data)):
        broken = bytearray(data)
        broken[place >> 3] ^= 1 << (place & 7)
        try:
            found, _ = read_parameters(bytes(broken) + bytes(40), 0)
        except CorruptStream:
            continue
        found.check()


def first(**changes):
    return replace(HIGH, rls=(replace(HIGH.rls[0], **changes), *HIGH.rls[1:]))


def long(**changes):
    changed = replace(HIGH.cascades[0][0], **changes)
    return replace(HIGH, cascades=((changed, *HIGH.cascades[0][1:]),))


@pytest.mark.parametrize(
    "parameters",
    [
        *(replace(HIGH, batch=batch) for batch in (2, 7)),
        *(replace(HIGH, period=period) for period in (0, 256)),
        *(
            replace(HIGH, final_combiners=final_combiners)
            for final_combiners in ((), (9,) * 4, (3,), (14,))
        ),
        replace(HIGH, rls=()),
        replace(HIGH, rls=HIGH.rls[:1], cascades=()),
        *(replace(HIGH, online=online) for online in ((33, 33), (15,), (81,))),
        replace(HIGH, cascades=HIGH.cascades * 5),
        *(first(order=order) for order in (0, 513)),
        *(first(cross_order=order) for order in (-1, 257)),
        *(first(forgetting=shift) for shift in (5, 14)),
        *(first(period=period) for period in (0, 65536)),
        *(first(ltp_taps=taps) for taps in (-1, 33)),
        *(first(loading=loading) for loading in (27, 51)),
        first(optional=True),
        *(long(taps=taps) for taps in (0, 4128)),
        *(long(cross_taps=taps) for taps in (-32, 4128)),
        *(long(step=step) for step in (23, 81)),
    ],
)
def test_ranges(parameters):
    data = write_parameters(parameters)
    with pytest.raises(CorruptStream, match="outside its range"):
        read_parameters(data, 0)
    with pytest.raises(ValueError, match="outside its range"):
        parameters.check()


def test_a_flag_is_one_bit():
    data = write_parameters(first(optional=2))  # type: ignore[arg-type]
    with pytest.raises(CorruptStream, match="flag"):
        read_parameters(data, 0)


def test_bits_behind_the_last_number():
    data = write_parameters(HIGH.without_long_windows())
    assert data[-1] < 128, "no bit is left over"
    with pytest.raises(CorruptStream, match="not 0"):
        read_parameters(data[:-1] + bytes([data[-1] | 128]), 0)


@given(st.lists(st.integers(-(2**MAX_LENGTH) // 2 + 1, 2**MAX_LENGTH // 2)))
def test_codes_come_back(values):
    data = write_golomb(values)
    reader = GolombReader(data, 0)
    assert reader.read(len(values)) == values
    assert reader.end() == len(data)


def test_codes_are_those_of_the_specification():
    # 0, 100, 101, 11000
    assert write_golomb([0, -1, 1, -2]) == bytes([0b11010010, 0b1])
    with pytest.raises(CorruptStream, match="too large"):
        GolombReader(b"\xff" * 9, 0).read(1)
