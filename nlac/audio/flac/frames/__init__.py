"""FLAC frames (RFC 9639, section 9) as samples and parameters, and bit by bit from these again.

A frame follows from its samples and its parameters: fields of its header, and of each subframe
the kind, order, coefficients, partitions and Rice parameters. `parser` takes frames apart,
`builder` puts them together, `pieces` keeps the parameters in metadata items (spec 6.10).
"""
