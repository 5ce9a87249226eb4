"""Type aliases shared by all layers."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

# (frames, channels), right-justified; int16 where a stream has 16 bits at most, since a block of
# it is long, int32 for every depth
IntSamples: TypeAlias = NDArray[np.int16] | NDArray[np.int32]
FloatSamples: TypeAlias = NDArray[np.float32]
Samples: TypeAlias = IntSamples | FloatSamples

I64: TypeAlias = NDArray[np.int64]
U32: TypeAlias = NDArray[np.uint32]
F64: TypeAlias = NDArray[np.float64]
AnyArray: TypeAlias = NDArray[Any]
