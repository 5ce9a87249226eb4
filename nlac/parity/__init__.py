"""Parity of streams: Reed-Solomon shards that repair damaged bytes (spec 6.11).

`field` is the arithmetic, `layout` the sizes and the descriptor of records, `source` the bytes
that are protected, `protecting` makes the items, `finding` looks for them in damaged files, and
`repairing` computes what the bytes were.
"""
