"""What a stream says about itself over time: blocks, segments, bits, predictions and residuals."""

from __future__ import annotations

from nlac.views.trace.blocks import BlockView, ChannelView, SetView
from nlac.views.trace.segments import Segment
from nlac.views.trace.stream import StreamTrace, open_trace

__all__ = ["BlockView", "ChannelView", "Segment", "SetView", "StreamTrace", "open_trace"]
