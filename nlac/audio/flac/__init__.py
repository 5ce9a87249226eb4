"""FLAC, plain or in Ogg, of every depth and of unknown length, checked by its own MD5.

libsndfile decodes 8, 16 and 24 bits where an MD5 proves the samples, the program ``flac``
everything else. Neither is trusted to notice damage: libsndfile passes over frames with a wrong
checksum, ``flac`` puts silence where frames are missing. So MD5, length and the sequence of
frames are checked here. The modules: ``ogg`` (packets of an Ogg file), ``metadata`` (what
stands before the frames), ``frames`` (headers of frames), ``decoders`` and ``source``
(reading), ``encoders`` and ``sink`` (writing).
"""
