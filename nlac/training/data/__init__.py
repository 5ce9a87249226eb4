"""Training data: recordings made into datasets, and datasets into batches.

`sources` and `layouts` find recordings, `decoding` and `conversion` read them, `filters` and
`levels` measure them, `splits` divides them, `shards` is the format on the disk, and `preparation`
does all of this. `dataset` opens what was prepared; `synthetic`, with `sounds`, is a set that needs
no recordings. `crop_settings`, `augment` and `loader` make batches.
"""

from __future__ import annotations

from nlac.training.data.augment import Augmentation, Scene, augmentation
from nlac.training.data.crop_settings import CropSettings
from nlac.training.data.dataset import Dataset, open_dataset
from nlac.training.data.loader import Batch, CropLoader, fixed_crops
from nlac.training.data.preparation import PrepareReport, PrepareSettings, prepare
from nlac.training.data.shards import Recording
from nlac.training.data.synthetic import SyntheticDataset

__all__ = [
    "Augmentation",
    "Batch",
    "CropLoader",
    "CropSettings",
    "Dataset",
    "PrepareReport",
    "PrepareSettings",
    "Recording",
    "Scene",
    "SyntheticDataset",
    "augmentation",
    "fixed_crops",
    "open_dataset",
    "prepare",
]
