"""Cue sheets: tracks and index points of a recording, as text and as FLAC's block.

`model` has the types, `parser` reads text, `writer` makes text, `flac` converts the block of
RFC 9639, `stored` finds the sheet of a stream, `ranges` turns tracks into frames, and `tags`
into Vorbis comments.
"""
