"""Benchmark engine: presets and other codecs over a folder of audio, in one run.

Modules, in reading order:

``peers``
    other codecs and their commands
``corpus``, ``wav``
    the files, each as a plain WAV that every codec encodes
``process``, ``worker``
    one measured run: of a peer's command, of nlac in a child process
``run``
    the loop over files and codecs
``results``
    results as JSON, and their sums
``report``, ``plot``
    results as text, Markdown and a plot

The command ``nlac bench`` and the scripts under ``benchmarks/`` use them.
"""

from __future__ import annotations
