"""FLAC, plain or in Ogg, of every depth and of unknown length, checked by its own MD5.

Decoding is done by libsndfile where it reads the file rightly, and else by the program
``flac``. What they are not trusted with is to notice damage: MD5, length and the sequence of
frames are checked here. The modules: ``ogg`` (packets of an Ogg file), ``metadata`` (what
stands before the frames), ``frames`` (headers of frames), ``decoders`` and ``source``.
"""
