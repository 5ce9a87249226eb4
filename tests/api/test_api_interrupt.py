"""Ctrl-C is answered at once, while kernels run, and leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from interruptible import AS_FROM_A_TERMINAL, NEEDS_SIGINT

CODE = """
import sys, time
sys.path.insert(0, {tools!r})
import verbatim, nlac, pytest, io, numpy as np

def slow(*arguments):
    print("busy", flush=True)
    time.sleep(60)

with pytest.MonkeyPatch.context() as patch:
    verbatim.install(patch)
    data = io.BytesIO()
    nlac.write(data, np.zeros(9, np.int16), 8000)
    verbatim.{slow} = slow
    verbatim.install(patch)
    {call}
"""


@NEEDS_SIGINT
@pytest.mark.parametrize(
    ("slow", "call"),
    [
        ("encode_block", "nlac.encode(io.BytesIO(bytes(99)), {out!r}, raw='8000,s16le,1')"),
        ("encode_block", "nlac.write({out!r}, np.zeros(9, np.int16), 8000, threads=1)"),
        ("decode_block", "nlac.decode(data, {out!r}, threads=1)"),
        ("decode_block", "nlac.read(data)"),
    ],
)
def test_interrupted_at_once(slow, call, tmp_path):
    tools = str(Path(__file__).resolve().parent.parent / "bitstream")
    call = call.format(out=str(tmp_path / "out"))
    code = CODE.format(tools=tools, slow=slow, call=call)
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **AS_FROM_A_TERMINAL,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "busy\n"
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        _out, errors = process.communicate(timeout=30)
        assert time.monotonic() - begin < 10
    assert "KeyboardInterrupt" in errors
    assert list(tmp_path.iterdir()) == []
