"""Signals to send to a server, and how to wait for its jobs."""

from __future__ import annotations

import io
import time
from typing import Any

import numpy as np


def wav_bytes(frames: int = 4000, channels: int = 2, seed: int = 1) -> bytes:
    """A WAV file of a tone with some noise, 16 bits at 44.1 kHz."""
    import soundfile

    rng = np.random.default_rng(seed)
    tone = 9000 * np.sin(np.arange(frames)[:, None] * (0.05 + 0.01 * np.arange(channels)))
    samples = (tone + rng.normal(0, 30, (frames, channels))).astype(np.int16)
    file = io.BytesIO()
    soundfile.write(file, samples, 44100, format="WAV")
    # what other programs write behind the samples comes back as well
    extra = b"note" + (6).to_bytes(4, "little") + b"kept!\n"
    data = file.getvalue() + extra
    return data[:4] + (len(data) - 8).to_bytes(4, "little") + data[8:]


def wait_for(client: Any, job: str, seconds: float = 60.0) -> dict:
    """State of a job when it is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        state = client.get(f"/api/jobs/{job}").raise_for_status().json()
        if state["state"] in ("done", "failed", "stopped"):
            return state
        time.sleep(0.05)
    raise AssertionError(f"not over after {seconds} s: {state}")
