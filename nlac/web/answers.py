"""What the interface answers: the models of its JSON, which its OpenAPI description shows."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from nlac.web.work.job import JobState


class Problem(BaseModel):
    """An error, in plain words."""

    detail: str


class About(BaseModel):
    """What this server can do."""

    version: str
    presets: list[str]
    peers: list[str] = Field(description="Other codecs that are installed here")
    folder: str | None = Field(description="Name of the library's folder")
    upload_limit_bytes: int
    models: bool
    training: bool
    stream: bool


class Facts(BaseModel):
    """What is known of a recording."""

    ref: str
    name: str
    bytes: int
    sample_rate: int
    channels: int
    bits_per_sample: int
    is_float: bool
    frames: int
    seconds: float
    format: str
    tags: dict[str, list[str]]
    notes: list[str] = Field(description="What is odd about the file")
    stream: dict[str, Any] | None = Field(description="Of an nlac file, as `nlac info --json`")


class Uploaded(BaseModel):
    """A file that was taken."""

    ref: str
    name: str
    bytes: int
    facts: Facts


class Coding(BaseModel):
    """What to encode, and how."""

    ref: str = Field(max_length=4096)
    presets: list[str] = Field(min_length=1, max_length=16)
    peers: bool = False


class Made(BaseModel):
    """Name of what was begun."""

    id: str


class Row(BaseModel):
    """A codec's figures on a file."""

    codec: str
    preset: str | None
    ref: str | None
    state: JobState
    progress: float = 0.0
    error: str = ""
    bytes: int | None = None
    share: float | None = Field(None, description="Of the bytes of the original file")
    bits_per_sample: float | None = None
    encode_seconds: float | None = None
    decode_seconds: float | None = None
    encode_speed: float | None = Field(None, description="Seconds of audio a second")
    decode_speed: float | None = None
    exact: bool | None = Field(None, description="Decoded, compared, and found the same")
    proof: Literal["file", "samples"] | None = Field(
        None, description="Whether the files were compared, or only the samples"
    )


class CodingState(BaseModel):
    """A job of encoding."""

    id: str
    source: str
    state: JobState
    rows: list[Row]
    error: str = ""
