"""Numbers in blocks that hold granules."""

ORIGIN = 7  # in place of the coder of an `lpc` block
UNITY_GAIN = 1 << 30
NEAREST, DOWN, TOWARDS_ZERO = range(3)  # how the decoder rounded
