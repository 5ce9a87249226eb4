"""Outside audio formats: read a file so that its exact bytes can come back, and write files.

Reading starts at :func:`nlac.audio.source.open_source`, writing at :mod:`nlac.audio.sinks.choice`.
A restorable file is its *head* (every byte before the first sample), its samples in a
:class:`nlac.audio.packing.Packing`, and its *tail* (every byte after the last whole frame).
That recipe is the same for every container, so odd headers, odd chunks and truncated files
need no special treatment to be restored.

The modules, from the bottom up: ``format`` and ``packing`` (what samples are and how they
lie in bytes), ``chunk_style`` (what chunks look like), ``reader`` and ``layout`` (bytes of a
file or pipe, and where the samples lie in them), ``wavefmt``, ``riff``, ``w64``, ``aiff``,
``raw`` (one walker each), ``flac`` (a package), ``dropped`` and ``other`` (formats that
libsndfile knows, and what is not kept of them), ``base`` and ``source`` (reading),
``wav_sink``, ``aiff_sink`` and ``sinks`` (writing).
"""
