"""What `Player` writes to an output, and how it obeys."""

from __future__ import annotations

import queue

import numpy as np
import pytest
import soundfile

import nlac
from nlac.playback.outputs.base import OutputFormat
from nlac.playback.player import Command, Place, Player
from nlac.playback.tracks import Track

RATE = 1000


class FakeOutput:
    """Hears everything at once, or as much as `lag` frames ago."""

    def __init__(self, form: OutputFormat, lag: int = 0) -> None:
        self.form, self.lag = form, lag
        self.data = b""
        self.log: list[str] = []

    def write(self, data: bytes) -> None:
        self.data += data

    def heard(self) -> int:
        return max(0, len(self.data) // self.form.frame_bytes - self.lag)

    def end(self) -> None:
        self.log.append("end")

    def has_ended(self) -> bool:
        return True

    def stop(self) -> None:
        self.log.append("stop")


class Scripted(queue.Queue):
    """Gives a command each time so many pieces have been written."""

    def __init__(self, *script: tuple[int, Command]) -> None:
        super().__init__()
        self._script = list(script)
        self._count = 0

    def get(self, block: bool = True, timeout: float | None = None) -> Command:
        self._count += 1
        if self._script and ((block and timeout is None) or self._count >= self._script[0][0]):
            return self._script.pop(0)[1]
        raise queue.Empty


@pytest.fixture
def make(tmp_path):
    """Make a track of so many frames, as a stream or in another format."""

    def made(name, frames, *, bits=16, rate=RATE, gain="off", tags=None, seed=0):
        generator = np.random.default_rng(seed)
        top = 1 << (bits - 1)
        samples = generator.integers(-top // 4, top // 4, (frames, 2)).astype(np.int32)
        path = tmp_path / name
        if path.suffix == ".nlac":
            nlac.write(
                path, samples, rate, bits_per_sample=bits, preset="fast", block_seconds=0.5,
                tags=tags,
            )  # fmt: skip
        else:
            soundfile.write(path, samples << (32 - bits), rate, f"PCM_{bits}")
        return Track(path, gain), samples

    return made


def play(tracks, *script, lag=0):
    outputs: list[FakeOutput] = []

    def opened(form):
        outputs.append(FakeOutput(form, lag))
        return outputs[-1]

    shown: list[Place] = []
    Player(tracks, opened, Scripted(*script), lambda place, paused: shown.append(place)).run()
    for track in tracks:
        track.close()
    return outputs, shown


def heard(output: FakeOutput) -> np.ndarray:
    return np.frombuffer(output.data, f"<{np.dtype(output.form.dtype).str[1:]}").reshape(-1, 2)


def test_files_of_one_format_follow_without_a_gap(make):
    one, first = make("one.nlac", 1234)
    two, second = make("two.wav", 777, seed=1)
    three, third = make("three.flac", 50, seed=2)
    [output], shown = play([one, two, three])
    np.testing.assert_array_equal(heard(output), np.concatenate((first, second, third)))
    assert output.log == ["end"]
    assert [place.track for place in shown] == sorted(place.track for place in shown)


def test_another_format_opens_another_output(make):
    one, first = make("one.nlac", 300)
    two, second = make("two.nlac", 300, bits=24)
    three, third = make("three.nlac", 300, rate=2000)
    outputs, _shown = play([one, two, three])
    assert [output.form for output in outputs] == [
        OutputFormat(1000, 2, "int16"),
        OutputFormat(1000, 2, "int32"),
        OutputFormat(2000, 2, "int16"),
    ]
    for output, samples, shift in zip(outputs, (first, second, third), (0, 8, 0), strict=True):
        np.testing.assert_array_equal(heard(output), samples << shift)


def test_depths_that_fill_no_whole_bytes_are_shifted_up(make):
    track, samples = make("one.nlac", 100, bits=12)
    [output], _shown = play([track])
    np.testing.assert_array_equal(heard(output), samples << 4)


def test_floats_stay_as_they_are(tmp_path):
    samples = np.array([[0.5, np.nan], [-0.0, 2.5]], np.float32)
    nlac.write(tmp_path / "f.nlac", samples, RATE)
    [output], _shown = play([Track(tmp_path / "f.nlac", "track")])
    assert output.form.dtype == "float32"
    assert output.data == samples.tobytes()


def test_a_part_of_a_track(make):
    track, samples = make("one.nlac", 1000)
    track.start, track.stop = 123, 456
    [output], _shown = play([track])
    np.testing.assert_array_equal(heard(output), samples[123:456])


@pytest.mark.parametrize(
    ("command", "place"),
    [
        (Command.FORWARD, 10_300),
        (Command.BACK, 0),
        (Command.PAUSE, 300),
        (Command.PREVIOUS, 0),
    ],
)
def test_commands_move_in_a_track(make, command, place):
    track, samples = make("one.nlac", 12_000)
    script = [(3, command)] + [(4, Command.PAUSE)] * (command is Command.PAUSE)
    outputs, _shown = play([track], *script)
    assert outputs[0].log == ["stop"]
    np.testing.assert_array_equal(heard(outputs[1]), samples[place:])


def test_a_pause_goes_on_where_it_was_heard_last(make):
    track, samples = make("one.nlac", 2000)
    outputs, _shown = play([track], (5, Command.PAUSE), (6, Command.PAUSE), lag=150)
    np.testing.assert_array_equal(heard(outputs[1]), samples[350:])


def test_commands_change_the_track(make):
    tracks = [make(f"{n}.nlac", 5000, seed=n) for n in range(3)]
    outputs, shown = play(
        [track for track, _ in tracks],
        (2, Command.NEXT), (4, Command.NEXT), (6, Command.PREVIOUS), (8, Command.QUIT),
    )  # fmt: skip
    assert [output.log for output in outputs] == [["stop"]] * 4
    for output, number in zip(outputs, (0, 1, 2, 1), strict=True):
        np.testing.assert_array_equal(heard(output), tracks[number][1][:200])
    assert [place.track for place in shown] == [0, 0, 1, 1, 2, 2, 1, 1]


def test_the_end_is_behind_the_last_track(make):
    track, _samples = make("one.nlac", 5000)
    outputs, _shown = play([track], (1, Command.FORWARD))
    assert [output.log for output in outputs] == [["stop"]]


def test_commands_are_obeyed_while_the_output_ends(make, monkeypatch):
    """A program may have all of a short file long before it has played it."""
    track, samples = make("one.nlac", 200)
    ended = iter([False, False, True])
    monkeypatch.setattr(FakeOutput, "has_ended", lambda self: next(ended))
    outputs, _shown = play([track], (4, Command.PREVIOUS))
    assert outputs[0].log[-1] == "stop"
    np.testing.assert_array_equal(heard(outputs[1]), samples)


def test_gain_of_the_tags_is_limited_by_the_peak(make):
    tags = {"REPLAYGAIN_TRACK_GAIN": "-6.0206 dB", "REPLAYGAIN_TRACK_PEAK": "0.25"}
    track, samples = make("one.nlac", 500, gain="track", tags=tags)
    assert track.gain_db == pytest.approx(-6.0206)
    [output], _shown = play([track])
    np.testing.assert_allclose(heard(output), samples / 2, atol=0.51)
    tags["REPLAYGAIN_TRACK_GAIN"] = "+30 dB"
    limited, _samples = make("two.nlac", 5, gain="album", tags=tags)
    assert limited.gain_db == pytest.approx(12.0412, abs=1e-3)


def test_without_a_gain_samples_are_exact(make):
    tags = {"REPLAYGAIN_TRACK_GAIN": "-6 dB"}
    for gain, name in (("off", "tagged.nlac"), ("track", "plain.nlac")):
        track, samples = make(name, 500, gain=gain, tags=tags if gain == "off" else None)
        assert track.gain_db is None
        [output], _shown = play([track])
        np.testing.assert_array_equal(heard(output), samples)


def test_what_comes_next_is_decoded_meanwhile(make):
    one, _samples = make("one.nlac", 1600)
    two, _samples = make("two.nlac", 100)
    prepared: queue.Queue = queue.Queue()
    for track in (one, two):
        track.prepare = lambda frame, track=track: prepared.put((track, frame))
    play([one, two])
    found = [prepared.get(timeout=10) for _ in range(4)]
    assert found == [(one, 500), (one, 1000), (one, 1500), (two, 0)]


def test_a_damaged_track_ends_it_and_the_output_is_silent(make, tmp_path):
    track, samples = make("one.nlac", 1600)
    track.close()
    data = bytearray((tmp_path / "one.nlac").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "bad.nlac").write_bytes(data)
    outputs: list[FakeOutput] = []

    def opened(form):
        outputs.append(FakeOutput(form))
        return outputs[-1]

    with pytest.raises(nlac.CorruptStream, match="block 1"):
        Player([Track(tmp_path / "bad.nlac")], opened, Scripted()).run()
    assert outputs[0].log == ["stop"]
    np.testing.assert_array_equal(heard(outputs[0]), samples[:500])
