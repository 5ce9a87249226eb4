"""What the interface answers about models, generation and training."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from nlac.web.work.job import JobState

RUN_ID_MAX = 1024


class RunRow(BaseModel):
    """A run on a line."""

    id: str
    path: str = Field(description="From beside the server's folder, for commands")
    recipe: str
    state: str
    step: int
    steps: int | None
    criterion: str
    best: float | None
    seconds: float
    begin: str
    parameters: int | None
    device: str
    has_weights: bool
    goes_on: str = Field(description="Why the run cannot go on; empty if it can")


class RunList(BaseModel):
    """All runs, newest first."""

    runs: list[RunRow]
    problems: list[str] = Field(description="Folders that could not be read, and why")


class Layer(BaseModel):
    """A layer with weights."""

    name: str
    shapes: dict[str, list[int]]
    parameters: int


class Reach(BaseModel):
    """How much of a recording an output depends on."""

    samples: int | None = Field(description="None if there is no limit")
    milliseconds: float | None
    about: str
    kernel: int
    dilations: list[int] = Field(description="Of the layers, from the input on")


class NamedFile(BaseModel):
    """A file of a run."""

    name: str
    bytes: int


class RunFacts(RunRow):
    """All about a run."""

    config: dict[str, Any]
    layers: list[Layer]
    receptive_field: Reach | None
    files: list[NamedFile]
    bytes: int
    card: dict[str, Any] | None
    data: dict[str, Any]
    machine: dict[str, Any] | None
    versions: dict[str, Any] | None
    commit: str | None
    sessions: list[dict[str, Any]] | None
    problem: str | None


class Metrics(BaseModel):
    """Lines of the metrics of a run."""

    state: str
    records: list[dict[str, Any]]


class ModelFacts(BaseModel):
    """A model of the predictors cnn and gru."""

    id: str
    predictor: str
    front: str = Field(description="Its base predictor")
    bytes: int
    hash: str
    inputs: int
    outputs: int
    weights: int
    layers: list[dict[str, Any]]
    receptive_field: Reach
    card: dict[str, Any]


class ModelList(BaseModel):
    """The models that are shipped, and those of the server's folder."""

    models: list[ModelFacts]
    problems: list[str]


class Generating(BaseModel):
    """What to make with the model of a run."""

    run: str = Field(max_length=RUN_ID_MAX)
    seconds: float = Field(5.0, gt=0, le=600)
    temperature: float = Field(1.0, ge=0, le=100)
    top_k: int = Field(0, ge=0, le=1 << 24, description="0 draws from all levels")
    top_p: float = Field(1.0, ge=1e-6, le=1)
    # what JavaScript can tell exactly
    seed: int = Field(0, ge=0, le=(1 << 53) - 1)
    label: str | None = Field(None, max_length=200)
    prime: str | None = Field(None, max_length=4096, description="Ref of a recording to begin with")
    prime_seconds: float | None = Field(None, gt=0, le=3600)


class Generation(BaseModel):
    """Audio that is made, or has been."""

    id: str
    run: str
    wish: Generating
    state: JobState
    stage: str
    error: str
    rate: int | None
    channels: int | None
    frames: int = Field(description="That can be fetched by now")
    total: int | None
    device: str
    begins_with: str
    unused: list[str] = Field(description="Settings that mean nothing to this model")
    took_seconds: float | None
    ref: str | None = Field(description="Of the audio, when it is whole")


class Recipe(BaseModel):
    """A shipped configuration; settings that it does not name have their defaults."""

    name: str
    about: str
    recipe: str
    data: dict[str, Any]
    model: dict[str, Any]
    train: dict[str, Any]


class DatasetFacts(BaseModel):
    """Recordings to train on."""

    id: str
    rate: int
    channels: int
    bits: int
    hash: str
    splits: dict[str, dict[str, float]]
    labels: dict[str, dict[str, int]]
    licences: dict[str, int]
    skipped: int


class DatasetList(BaseModel):
    """The built-in set, and those of the server's folder."""

    datasets: list[DatasetFacts]
    problems: list[str]


class RecordingRow(BaseModel):
    """A recording of a dataset."""

    index: int
    name: str
    split: str
    seconds: float
    labels: dict[str, str | int]
    licence: str


class RecordingList(BaseModel):
    """Some recordings of a dataset, in its order."""

    total: int
    rows: list[RecordingRow]


class Beginning(BaseModel):
    """What to train. Of `steps` and `epochs` one is given at most."""

    name: str = Field(max_length=100, description="Name of the run's folder")
    recipe: str = Field(max_length=100)
    dataset: str = Field("synthetic", max_length=RUN_ID_MAX)
    steps: int | None = Field(None, ge=1, le=100_000_000)
    epochs: float | None = Field(None, gt=0, le=1_000_000)
    batch: int | None = Field(None, ge=1, le=65536)
    rate: float | None = Field(None, gt=0, le=100, description="Learning rate")
    seed: int | None = Field(None, ge=0, le=(1 << 53) - 1)


class GoingOn(BaseModel):
    """A run that is to go on."""

    run: str = Field(max_length=RUN_ID_MAX)
    steps: int | None = Field(None, ge=1, le=100_000_000, description="In all; as before if None")


class Training(BaseModel):
    """Training that goes on, or has ended."""

    id: str
    run: str
    state: JobState
    stage: str
    step: int | None
    steps: int | None
    lines: int = Field(description="Lines of metrics since it began")
    run_state: str = Field(description="State of the run; empty while it is trained")
    error: str
