"""Settings of the training loop: the section `train` of a configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nlac._errors import UsageError
from nlac.training.config.checks import at_least, between, setting

# what a resumed run may have otherwise: where and how long it runs, not what it computes
MAY_DIFFER = (
    "steps", "patience", "save_every", "keep_every", "log_every", "workers", "threads", "compile",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """How a model is trained.

    Attributes
    ----------
    steps : int
        Steps of the optimiser.
    batch : int
        Sequences of a step, over all processes and accumulated parts together, so that a
        configuration means the same on any number of GPUs.
    accumulate : int
        Parts into which the share of a process is divided, one after the other, to save memory.
    optimiser : {"adam", "adamw"}
        Adam adds `decay` to the gradient (Kingma and Ba, arXiv 1412.6980); AdamW takes it off the
        weights (Loshchilov and Hutter, arXiv 1711.05101).
    rate, decay, betas : float, float, list of two float
        Learning rate, weight decay, and the factors of the two running means of gradients.
    clip : float
        Largest norm of the gradient; 0 for no limit.
    schedule : {"constant", "cosine", "step", "plateau"}
        How the learning rate falls: not at all; by half a cosine to `floor` at the last step; by
        `fall_factor` every `fall_every` steps; by `fall_factor` after `fall_patience` validations
        without a gain.
    warmup : int
        Steps over which the rate rises linearly at first.
    floor : float
        Least share of `rate`.
    fall_every, fall_factor, fall_patience : int, float, int
        See `schedule`.
    ema : float
        Factor of the exponential moving average of the weights, which is validated and kept; 0 for
        none.
    precision : {"float32", "bfloat16", "float16"}
        Type that layers are computed in. Weights stay float32; float16 scales its loss.
    compile : bool
        Compile the model (``torch.compile``), which takes a while at first.
    valid_every, patience : int
        Steps between two validations; validations without a gain after which training stops (0:
        never).
    save_every, keep_every, log_every : int
        Steps between two checkpoints; between two that are kept for good (0: none are); between
        two lines of metrics.
    seed : int
        Seed of all random numbers.
    threads, workers : int
        Threads of PyTorch (0: as many as it takes by itself); processes that load data.
    start : str
        Run, or file of weights, whose weights a new run begins with; random ones if empty.
    """

    steps: int = at_least(1, 2000)
    batch: int = at_least(1, 32)
    accumulate: int = at_least(1, 1)
    optimiser: Literal["adam", "adamw"] = "adam"
    rate: float = setting(1e-3, "more than 0", lambda x: x > 0)
    decay: float = at_least(0, 0.0)
    betas: tuple[float, ...] = setting(
        (0.9, 0.999), "two numbers from 0 to below 1",
        lambda x: len(x) == 2 and all(0 <= b < 1 for b in x),
    )  # fmt: skip
    clip: float = at_least(0, 1.0)
    schedule: Literal["constant", "cosine", "step", "plateau"] = "cosine"
    warmup: int = at_least(0, 0)
    floor: float = between(0, 1, 0.0)
    fall_every: int = at_least(1, 1000)
    fall_factor: float = setting(0.5, "from 0 to below 1", lambda x: 0 <= x < 1)
    fall_patience: int = at_least(0, 3)
    ema: float = setting(0.0, "from 0 to below 1", lambda x: 0 <= x < 1)
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    compile: bool = False
    valid_every: int = at_least(1, 250)
    patience: int = at_least(0, 0)
    save_every: int = at_least(1, 250)
    keep_every: int = at_least(0, 0)
    log_every: int = at_least(1, 50)
    seed: int = at_least(0, 1)
    threads: int = at_least(0, 0)
    workers: int = at_least(0, 0)
    start: str = setting("", is_path=True)

    def __post_init__(self) -> None:
        if self.batch % self.accumulate:
            raise UsageError(f"accumulate: {self.accumulate}; a divisor of batch, {self.batch}")
