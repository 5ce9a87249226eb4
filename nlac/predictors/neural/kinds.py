"""Kinds of blocks of `cnn` and `gru`, in place of the coder of an `lpc` block (spec 11.20.1)."""

FORWARD = 3  # a network behind windows
CASCADE_ALONE = 5  # a cascade without a network; a `cascade` block follows
