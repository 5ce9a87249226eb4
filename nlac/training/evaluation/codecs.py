"""The codec itself, with its presets and networks, and FLAC: files that are written and decoded."""

from __future__ import annotations

import io
import shutil
import tempfile
import time
import weakref
from pathlib import Path
from typing import Any

import numpy as np

import nlac
from nlac._errors import NlacError, UsageError
from nlac._typing import F64
from nlac.audio._libsndfile import load_soundfile
from nlac.bench.peers import DEFAULT_PEERS, Peer, fill
from nlac.bench.process import run_measured
from nlac.bench.results import REFERENCE, CodecInfo
from nlac.bench.worker import NlacConfig, parse_config
from nlac.codec.encoder.presets import BASES, PRESETS
from nlac.predictors.networks.models import Model, open_model
from nlac.training.codec.crops import start_predictor
from nlac.training.codec.recordings import Sound
from nlac.training.evaluation.method import CODED, Measured, Method
from nlac.training.evaluation.recordings import Item

MODELS = ("cnn", "gru")
_PIECE = 1 << 16
# where `nlac.predictors.neural.loops.BaseOutput.placed` has the prediction of the windows of lpc,
# and the best one of a cascade; at 1 it leaves a place for the network
_WINDOWS, _BEST = 2, 0


def is_codec(name: str) -> bool:
    """Whether a name is that of a preset, with options perhaps, or of a shipped model."""
    return name in MODELS or name.partition(":")[0] in PRESETS


class Codec(Method):
    """nlac as it codes files.

    Predicted samples are those of the predictor itself, run over the recording as one block: the
    windows of `lpc`, or the cascade; with a network they are those before it.

    Parameters
    ----------
    config : NlacConfig
        Options.
    base : str
        Key in `nlac.codec.encoder.presets.BASES` of the predictor; empty for no predicted samples.
    label : str
        Label; that of the options if empty.
    kind : {"nlac", "run"}
        Whether it is the model of a run.
    """

    def __init__(self, config: NlacConfig, base: str, label: str = "", kind: Any = "nlac") -> None:
        self._options: dict[str, Any] = {"threads": 1, "verify": False, **dict(config.options)}
        self._base = base
        call = ", ".join(
            f"{name}={value if isinstance(value, (str, int, float)) else config.label!r}"
            for name, value in config.options
        )
        self.info = CodecInfo(
            label or config.label, kind, f"nlac {nlac.__version__}", f"nlac.write({call})"
        )

    def measure(self, item: Item) -> Measured:
        """Encode, decode and compare."""
        file = io.BytesIO()
        begin = time.perf_counter()
        try:
            nlac.write(file, item.samples, item.rate, bits_per_sample=item.bits, **self._options)
        except TypeError as error:
            raise UsageError(f"{self.info.label}: {error}") from error
        seconds = time.perf_counter() - begin
        size = file.tell()
        file.seek(0)
        decoded, _ = nlac.read(file, always_2d=True)
        if not np.array_equal(decoded, item.samples):
            raise NlacError(f"{self.info.label}: the decoded samples differ")
        predicted = base_predictions(item, self._base) if self._base else None
        return Measured(seconds, 8.0 * size, CODED, size, predicted=predicted)


def named_codec(name: str) -> Codec:
    """The codec by the name of a preset, with options as for ``nlac bench -c``, or of a model."""
    if name in MODELS:
        config = NlacConfig(f"nlac {name}", (("model", name),))
        return Codec(config, str(open_model(name).card["front"]))
    # windows are searched for as `standard` does, so those of `fast` and of options are not known
    base = "lpc" if name == "standard" else ""
    if name in PRESETS and PRESETS[name].predictor != "lpc":
        base = PRESETS[name].cascade
    return Codec(parse_config(name), base)


def codec_of_model(model: Model, label: str) -> Codec:
    """The codec with a model that a run of the recipe `codec` made."""
    # encoders read models from files; this one goes when the method does
    folder = tempfile.mkdtemp(prefix="nlac-eval-")
    path = Path(folder, "run.nlacm")
    path.write_bytes(model.to_bytes())
    open_model(path)
    config = NlacConfig(label, (("model", path),))
    codec = Codec(config, str(model.card["front"]), label, kind="run")
    weakref.finalize(codec, shutil.rmtree, folder, ignore_errors=True)
    return codec


def base_predictions(item: Item, base_name: str) -> F64 | None:
    """What a predictor of the codec predicts.

    Parameters
    ----------
    item : Item
        The recording.
    base_name : str
        Key in `nlac.codec.encoder.presets.BASES`.

    Returns
    -------
    (frames, channels) float64 array or None
        None if a channel is constant, which the codec does not predict.
    """
    samples = np.ascontiguousarray(item.samples.T)
    if (samples.min(1) == samples.max(1)).any():
        return None
    base = start_predictor(Sound(samples, item.rate), base_name)
    order = base.side_info.order
    ordered = np.ascontiguousarray(samples[order])
    place = _WINDOWS if BASES[base_name] is None else _BEST
    total = samples.shape[1] + int(base.side_info.schedule.delay.max())
    found: list[list[Any]] = [[] for _ in order]
    for begin in range(0, total, _PIECE):
        end = min(begin + _PIECE, total)
        placed = base.run(ordered, begin, end).placed
        for c in range(len(order)):
            found[c].append(placed[c, base.active(c, begin, end), place])
    predicted = np.zeros(item.samples.shape)
    for c, channel in enumerate(order):
        predicted[:, channel] = np.concatenate(found[c]) / 256
    return predicted


class Flac(Method):
    """The reference ``flac -8 -e -p``; its times include the start of the process."""

    def __init__(self) -> None:
        self._peer = reference_peer()
        call = " ".join(self._peer.encode)
        self.info = CodecInfo(self._peer.label, "peer", self._peer.read_version(), call)

    def measure(self, item: Item) -> Measured:
        """Encode, decode and compare."""
        soundfile = load_soundfile()
        peer, channels = self._peer, item.samples.shape[1]
        refusal = peer.refusal(item.bits, False, channels)
        if item.bits == 32 or refusal:
            raise UsageError(f"{peer.label} {refusal or 'may not take 32-bit samples'}")
        with tempfile.TemporaryDirectory(prefix="nlac-eval-") as folder:
            source, coded, back = (str(Path(folder, name)) for name in ("a.wav", "a.flac", "b.wav"))
            wide = item.samples << (32 - item.bits)
            kind = "PCM_U8" if item.bits == 8 else f"PCM_{item.bits}"
            # flac takes more than two channels only if the header says which they are
            form = "WAVEX" if channels > 2 else "WAV"
            soundfile.write(source, wide, item.rate, kind, format=form)
            encoded = run_measured(fill(peer.encode, input=source, output=coded))
            if encoded.error:
                raise NlacError(f"{peer.label}: {encoded.error}")
            decoded = run_measured(fill(peer.decode, input=coded, output=back))
            if decoded.error:
                raise NlacError(f"{peer.label}: {decoded.error}")
            if not np.array_equal(soundfile.read(back, dtype="int32", always_2d=True)[0], wide):
                raise NlacError(f"{peer.label}: the decoded samples differ")
            size = Path(coded).stat().st_size
        return Measured(encoded.wall_s, 8.0 * size, CODED, size)


def reference_peer() -> Peer:
    """FLAC as sizes are compared with."""
    return next(peer for peer in DEFAULT_PEERS if peer.label == REFERENCE)
