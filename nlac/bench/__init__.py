"""Benchmark engine: presets and other codecs over a folder of audio, in one run.

Modules, in reading order:

``peers``
    what other codecs there are and how they are called
``corpus``, ``wav``
    the files, each as one plain WAV that every codec gets
``process``, ``worker``
    one measured run: of a peer's command, of nlac in a child process
``run``
    the loop over files and codecs
``results``
    what comes out, as JSON, and its sums
``report``, ``plot``
    results as text, Markdown and picture

The command ``nlac bench`` and the scripts under ``benchmarks/`` call these.
"""

from __future__ import annotations
