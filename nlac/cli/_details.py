"""What ``-v`` tells besides: what options mean, and what streams are made of."""

from __future__ import annotations

import os
from typing import Any, BinaryIO

from nlac._errors import FormatError
from nlac._log import logger


def tell_options(arguments: dict[str, Any]) -> None:
    """Tell what the options of encoding stand for; with ``-v`` only.

    Parameters
    ----------
    arguments : dict
        Arguments of `nlac.encode`; those that are no fields of `EncodeOptions` are left out.
    """
    if not logger.isEnabledFor(20):
        return
    from nlac.codec.encoder.options import EncodeOptions

    known = EncodeOptions.__dataclass_fields__
    options = EncodeOptions(**{key: value for key, value in arguments.items() if key in known})
    seconds = options.block_seconds
    entered = options.entry_seconds > 0 and options.predictor_name == "lpc"
    facts = [
        f"preset {options.preset}",
        f"model {options.model}" if options.model else f"predictor {options.predictor_name}",
        f"blocks of {seconds if isinstance(seconds, float) else options.usual_seconds:g} s",
        f"entry points each {options.entry_seconds:g} s" if entered else "no entry points",
        f"coder {options.coder}",
        f"effort {options.effort}",
        f"search for an origin {'on' if options.looks_for_origin else 'off'}",
        f"long-term prediction {'on' if options.long_term else 'off'}",
        f"verification {'on' if options.verify else 'off'}",
        _threads(options.num_threads),
    ]
    logger.info(", ".join(facts))


def tell_stream(name: str, file: str | BinaryIO, threads: int | None = None) -> None:
    """Tell what a stream is made of; with ``-v`` only, and not of pipes.

    Parameters
    ----------
    name : str
        Name of the file, for the message.
    file : str or binary file object
        The stream; a file object is left at its beginning.
    threads : int, optional
        Threads that will decode it; 0: all cores.
    """
    regular = os.path.isfile(file) if isinstance(file, str) else file.seekable()
    if not (regular and logger.isEnabledFor(20)):
        return
    import nlac
    from nlac.codec.decoder.workers import available_cores

    try:
        facts = nlac.info(file)
    except FormatError:
        # told, and better, by what comes next
        return
    finally:
        if not isinstance(file, str):
            file.seek(0)
    parts = [
        f"{facts.sample_rate} Hz",
        f"{facts.channels} channel{'s' * (facts.channels != 1)}",
        f"{facts.num_frames} frames",
        f"predictor {facts.predictor}",
        f"coder {facts.coder}",
        f"{facts.num_blocks} block{'s' * (facts.num_blocks != 1)} of up to "
        f"{facts.block_length} frames",
    ]
    if threads is not None:
        parts.append(_threads(threads or available_cores()))
    logger.info(f"{name}: {', '.join(parts)}")


def tell_time(name: str, seconds: float) -> None:
    """Tell how long a file took; with ``-v`` only."""
    logger.info(f"{name}: {seconds:.2f} s by the clock")


def _threads(count: int) -> str:
    return f"{count} thread{'s' * (count != 1)}"
