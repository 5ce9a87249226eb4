"""Server-sent events: a state, each time that it changes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.responses import StreamingResponse

_STEP_SECONDS = 0.1
# proxies and browsers give up silent connections after a minute or so
_QUIET_SECONDS = 15.0


def event_stream(
    version: Callable[[], int], state: Callable[[], Any], is_over: Callable[[], bool]
) -> StreamingResponse:
    """Return a response that sends ``state`` events until all is over.

    Parameters
    ----------
    version : callable
        Number that changes with the state.
    state : callable
        What to send, to be written as JSON.
    is_over : callable
        Whether it will not change any more; the last event comes then, and is followed by one of
        the type ``end``, after which a client must not connect again.
    """
    return StreamingResponse(
        _events(version, state, is_over),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(
    version: Callable[[], int], state: Callable[[], Any], is_over: Callable[[], bool]
) -> AsyncIterator[str]:
    sent, quiet = None, 0.0
    while True:
        over, now = is_over(), version()
        if now != sent:
            yield f"event: state\ndata: {json.dumps(state())}\n\n"
            sent, quiet = now, 0.0
        if over:
            yield "event: end\ndata: {}\n\n"
            return
        await asyncio.sleep(_STEP_SECONDS)
        quiet += _STEP_SECONDS
        if quiet >= _QUIET_SECONDS:
            yield ": still here\n\n"
            quiet = 0.0
