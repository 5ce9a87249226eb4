"""Bytes of a stream: headers, metadata, blocks, checksums; ints and bytes only.

The structures follow ``format_spec.md`` one to one. What a block's payload means is
decided a layer up, in `nlac.codec`.
"""
