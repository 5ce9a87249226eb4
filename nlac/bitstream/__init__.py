"""Structures of a stream as bytes: headers, metadata, blocks, trailer, checksums.

The structures follow ``format_spec.md`` one to one. Block payloads are opaque bytes here;
`nlac.codec` encodes and decodes them.
"""
