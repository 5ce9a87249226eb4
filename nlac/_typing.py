"""Type aliases shared by all layers."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

# (frames, channels), right-justified; int32 holds every integer depth up to 32 bits
IntSamples: TypeAlias = NDArray[np.int32]
FloatSamples: TypeAlias = NDArray[np.float32]
Samples: TypeAlias = NDArray[np.int32] | NDArray[np.float32]

I64: TypeAlias = NDArray[np.int64]
U32: TypeAlias = NDArray[np.uint32]
F64: TypeAlias = NDArray[np.float64]
AnyArray: TypeAlias = NDArray[Any]
