"""FLAC, plain or in Ogg, of every depth and of unknown length, checked by its own MD5.

Frames are decoded here, by compiled kernels (``frames``): these notice what libraries pass over,
such as wrong checksums and missing frames, and give the parameters from which the frames come
back bit by bit. MD5, length and the sequence of frames are checked. The modules: ``ogg`` (pages
and packets), ``metadata`` and ``blocks`` (what stands before the frames), ``parts`` and
``source`` (reading), ``kept`` (metadata of a FLAC file in a stream), ``encoders`` and ``sink``
(writing).
"""
