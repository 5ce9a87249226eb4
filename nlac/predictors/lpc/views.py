"""What the decoding loops of `lpc` read of a block: addresses, loaded once.

A loop over the frames of a segment takes all that concerns a channel from a `View`, which the
compiler keeps in registers. Most segments have one or two channels of plain value sets, and in
most frames each channel has a sample: there a loop need not ask, see `common_frames`.
"""

from __future__ import annotations

from typing import NamedTuple

from nlac.entropy.value_kernels import ValueSetEntry
from nlac.entropy.value_sets import PLAIN
from nlac.kernels.jit import inline_kernel
from nlac.kernels.memory import address, load_i64, store_32
from nlac.predictors.lpc.kernels import SCALE_CELLS, locate, value_set_of
from nlac.predictors.lpc.parameters import PAD
from nlac.predictors.lpc.plan import LINE_CELLS, SEGMENT_CELLS, LineCell, SegmentCell
from nlac.predictors.lpc.windows import Window, window_of


class Block(NamedTuple):
    """A plan, the samples and the adaptive state; arrays are addresses.

    Attributes
    ----------
    frames, channels, segments : int
    starts, cells, lines, coefficients, copies, values, ranks : int
        Arrays of `Plan`.
    rows, samples, states : int
        Rows of samples, the samples in the order that the plan states, rows of `ScaleCell`.
    """

    frames: int
    channels: int
    segments: int
    starts: int
    cells: int
    lines: int
    coefficients: int
    copies: int
    values: int
    ranks: int
    rows: int
    samples: int
    states: int


class View(NamedTuple):
    """A channel in a segment.

    Attributes
    ----------
    window : Window
    entry : ValueSetEntry
        The value set.
    state : int
        Address of the adaptive state.
    samples : int
        Address of the sample of delayed frame 0 in the order that the plan states.
    own, step : int
        Address of the sample of delayed frame 0 in the channel's row, bytes from frame to frame.
    copies, first_copy, last_copy : int
        `Plan.copies`, and the range that concerns the channel.
    rows : int
        Address of all rows.
    """

    window: Window
    entry: ValueSetEntry
    state: int
    samples: int
    own: int
    step: int
    copies: int
    first_copy: int
    last_copy: int
    rows: int


@inline_kernel
def block_of(plan, state_rows, sample_rows, pcm):
    """Take the numbers and addresses of a block."""
    return Block(
        plan.frames, len(plan.lines), len(plan.cells),
        address(plan.starts), address(plan.cells), address(plan.lines),
        address(plan.coefficients), address(plan.copies), address(plan.values),
        address(plan.ranks), address(sample_rows), address(pcm), address(state_rows),
    )  # fmt: skip


@inline_kernel
def view_of(block, segment, channel):
    """Load what concerns a channel in a segment."""
    line = block.lines + 8 * LINE_CELLS * channel
    cell = block.cells + 8 * SEGMENT_CELLS * (segment * block.channels + channel)
    row = block.rows + 4 * load_i64(line, LineCell.ROW)
    width = load_i64(line, LineCell.WIDTH)
    return View(
        window_of(cell, block.coefficients, row),
        value_set_of(cell, block.values, block.ranks),
        block.states + 8 * SCALE_CELLS * channel,
        block.samples + 4 * (load_i64(line, LineCell.PCM) - load_i64(line, LineCell.DELAY)),
        row + 4 * (load_i64(line, LineCell.PLACE) + width * PAD), 4 * width,
        block.copies, load_i64(line, LineCell.FIRST_COPY), load_i64(line, LineCell.LAST_COPY),
        block.rows,
    )  # fmt: skip


@inline_kernel
def plain_view_of(block, segment, channel):
    """`view_of` where the value set is known to be plain: other kinds need no code then."""
    view = view_of(block, segment, channel)
    e = view.entry
    entry = ValueSetEntry(
        PLAIN, e.step, e.offset, e.lookup, e.first, e.last, e.lowest, e.highest, e.fine,
        e.values, e.ranks,
    )  # fmt: skip
    return View(
        view.window, entry, view.state, view.samples, view.own, view.step, view.copies,
        view.first_copy, view.last_copy, view.rows,
    )  # fmt: skip


@inline_kernel
def put_sample(view, t, sample):
    """Store the sample of delayed frame t, also in the rows of the channels that refer to it."""
    store_32(view.samples, t, sample)
    store_32(view.own + view.step * t, 0, sample)
    for i in range(view.first_copy, view.last_copy):
        store_32(view.rows, load_i64(view.copies, i) + 2 * (PAD + t), sample)


@inline_kernel
def common_frames(block, segment):
    """Delayed frames of a segment, as four bounds, and whether all value sets are plain.

    In those from the second to the third, each channel has a sample, and there are one or two
    channels. Bounds are equal where there are no such frames.
    """
    begin, end = load_i64(block.starts, segment), load_i64(block.starts, segment + 1)
    first, last, plain = begin, end, True
    for c in range(block.channels):
        delay = load_i64(block.lines + 8 * LINE_CELLS * c, LineCell.DELAY)
        first, last = max(first, delay), min(last, delay + block.frames)
        cell = block.cells + 8 * SEGMENT_CELLS * (segment * block.channels + c)
        plain = plain and load_i64(cell, SegmentCell.VALUE_SET) == PLAIN
    if block.channels > 2:
        last = begin
    first = min(first, end)
    return begin, first, max(first, last), end, plain


@inline_kernel
def has_sample(block, channel, t):
    """Whether a channel has a sample at delayed frame t."""
    _, _, at = locate(block.lines, block.cells, block.frames, block.channels, 0, t, channel)
    return at >= 0
