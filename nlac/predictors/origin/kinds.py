"""Number of the kind of block that holds granules."""

ORIGIN = 7  # in place of the coder of an `lpc` block
