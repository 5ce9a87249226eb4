"""All samples of a block with what predicted them and what they cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlac._samples import sample_type
from nlac._typing import AnyArray, IntSamples
from nlac.codec.decoder.payload import check_depth, join_pieces, verbatim_samples
from nlac.codec.transforms.channels import CODED, CONSTANT, NEGATED_COPY, ChannelMap
from nlac.codec.transforms.phases import join_phases
from nlac.views.trace.channels import trace_channels
from nlac.views.trace.coded import CodedChannels
from nlac.views.trace.record import TracedChannels


@dataclass(frozen=True, slots=True)
class BlockTrace:
    """A block, decoded; channels and frames are those of the stream.

    Attributes
    ----------
    index, start : int
        Its number and first frame.
    samples : (frames, channels) int16 or int32
        The samples as they are coded: of floats their integer plane, or their bits if they are
        stored verbatim.
    residuals : (frames, channels) int64
        What the prediction missed; the sample is the sum of both.
    bits : (frames, channels) float32
        What each sample cost in the coder.
    coded_bits : float
        Sum over all samples.
    num_bytes : int
        Length of the block in the stream.
    units : (frames, channels) float64, or None
        Of floats, what a 1 of the integers stands for; None for verbatim samples and integers.
    coded : CodedChannels
    traced : TracedChannels or None
        The coded channels; None without.
    """

    index: int
    start: int
    samples: IntSamples
    residuals: NDArray[np.int64]
    bits: NDArray[np.float32]
    coded_bits: float
    num_bytes: int
    units: NDArray[np.float64] | None
    coded: CodedChannels
    traced: TracedChannels | None

    def residual_samples(self) -> NDArray[np.int32] | NDArray[np.float32]:
        """Return residuals as the stream's samples are: integers, or floats, in their units.

        Returns
        -------
        (frames, channels) int32 or float32
            0 for floats that are stored verbatim, which have no residuals.
        """
        if not self.coded.stream.is_float:
            return self.residuals.astype(np.int32)
        if self.units is None:
            return np.zeros(self.residuals.shape, np.float32)
        return np.asarray(self.residuals * self.units, np.float32)


def trace_block(coded: CodedChannels) -> BlockTrace:
    """Decode a block, and note what its samples cost.

    Raises
    ------
    CorruptStream
        The payload is invalid. The error has no position yet.
    UnknownPredictor, ModelMismatch
        The predictor or its model is not available.
    """
    opened, stream, header = coded.opened, coded.stream, coded.block.header
    mapped = opened.channels
    if mapped is None:
        return _verbatim(coded)
    traced = trace_channels(coded) if mapped.num_coded else None
    count = opened.phases * stream.channels
    shape = opened.frames, count
    bits = 32 if stream.is_float or opened.phases > 1 else stream.bits_per_sample
    none = np.zeros((0, opened.frames), np.int32)
    samples: AnyArray = join_pieces(
        mapped, [none if traced is None else traced.samples], shape, bits
    )
    residuals = np.zeros(shape, np.int64)
    cost = np.zeros(shape, np.float32)
    if traced is not None:
        _fill(mapped, traced, residuals, cost)
    total = float(cost.sum(dtype=np.float64))
    if opened.phases > 1:
        place = header.num_frames, opened.phases, opened.offset
        samples, residuals = join_phases(samples, *place), join_phases(residuals, *place)
        cost = join_phases(cost, *place)
    units = None
    if stream.is_float:
        from nlac.codec.transforms.floats import join
        from nlac.codec.transforms.floats import units as units_of

        # whether the side information fits
        join(samples, opened.side)
        units = units_of(opened.side, stream.channels, header.num_frames)
    elif opened.phases > 1:
        check_depth(samples, stream.bits_per_sample)
        samples = samples.astype(sample_type(stream.bits_per_sample), copy=False)
    return BlockTrace(
        header.block_index, header.first_frame, samples, residuals, cost, total,
        header.num_bytes, units, coded, traced,
    )  # fmt: skip


def _fill(
    mapped: ChannelMap,
    traced: TracedChannels,
    residuals: NDArray[np.int64],
    cost: NDArray[np.float32],
) -> None:
    """Residuals and costs of all channels: copies have the residuals of what they copy."""
    bits, row = traced.record.bits(), 0
    for i, (kind, number, _) in enumerate(mapped.entries):
        if kind == CODED:
            np.multiply(traced.residuals[row], number, out=residuals[:, i])
            cost[:, i] = bits[row]
            row += 1
        elif kind != CONSTANT:
            np.multiply(residuals[:, number], -1 if kind == NEGATED_COPY else 1,
                        out=residuals[:, i])  # fmt: skip


def _verbatim(coded: CodedChannels) -> BlockTrace:
    """A block whose samples are stored as they are: nothing is predicted."""
    stream, header = coded.stream, coded.block.header
    samples: AnyArray = verbatim_samples(coded.block.payload, header.num_frames, stream)
    if stream.is_float:
        samples = samples.view(np.int32)
    width = 8 * ((stream.bits_per_sample + 7) // 8)
    return BlockTrace(
        header.block_index, header.first_frame, samples, samples.astype(np.int64),
        np.full(samples.shape, width, np.float32), float(width * samples.size),
        header.num_bytes, None, coded, None,
    )  # fmt: skip
