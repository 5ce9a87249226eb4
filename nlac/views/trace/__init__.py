"""What a stream says about itself over time: blocks, segments, bits, predictions and residuals."""

from __future__ import annotations

from nlac.views.trace.blocks import BlockView, ChannelView, SetView
from nlac.views.trace.figures import BlockBits, Histogram, Weights
from nlac.views.trace.segments import Segment
from nlac.views.trace.stream import StreamTrace, Trace, open_trace

__all__ = [
    "BlockBits",
    "BlockView",
    "ChannelView",
    "Histogram",
    "Segment",
    "SetView",
    "StreamTrace",
    "Trace",
    "Weights",
    "open_trace",
]
