"""Settings of the server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# an hour of stereo at 96 kHz and 24 bits is 2 GB
UPLOAD_LIMIT_BYTES = 4 << 30
STORE_LIMIT_BYTES = 16 << 30


@dataclass(frozen=True, slots=True)
class Settings:
    """What `create_app` is told.

    Attributes
    ----------
    folder : Path or None
        Recordings of the library; nothing outside it is read for the client.
    models : Path or None
        Folder of codec models and of finished runs to show.
    runs : Path or None
        Folder of training runs; new ones are made in it.
    data : Path or None
        Folder of prepared datasets to train on.
    upload_limit_bytes : int
        Largest file that is taken.
    store_limit_bytes : int
        Bytes of uploads and encodings that are kept at most; what was not used for longest goes
        first.
    workers : int
        Jobs that run at a time.
    max_waiting : int
        Parts of jobs that wait at most; beyond that new jobs are refused.
    hosts : tuple of str
        Names under which the server may be asked, without ports, so that no page of another host
        can reach it by a name of its own. Empty for any name.
    token : str
        What every request must bring; empty for none.
    stream : bool
        Serve the library's recordings as audio files under ``/audio/``.
    """

    folder: Path | None = None
    models: Path | None = None
    runs: Path | None = None
    data: Path | None = None
    upload_limit_bytes: int = UPLOAD_LIMIT_BYTES
    store_limit_bytes: int = STORE_LIMIT_BYTES
    workers: int = 1
    max_waiting: int = 1024
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "::1")
    token: str = ""
    stream: bool = False
