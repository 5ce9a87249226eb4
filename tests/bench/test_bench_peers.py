from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from bench_tools import python_peer

from nlac._errors import UsageError
from nlac.bench.peers import DEFAULT_PEERS, Peer, fill, find_peers, load_peers

ROOT = Path(__file__).resolve().parents[2]


def test_labels_of_the_default_peers_are_unique_and_commands_complete() -> None:
    labels = [peer.label for peer in DEFAULT_PEERS]
    assert len(set(labels)) == len(labels)
    for peer in DEFAULT_PEERS:
        for words in (peer.encode, peer.decode):
            assert "{input}" in words
            assert "{output}" in words


def test_flac_writes_neither_padding_nor_seek_table() -> None:
    for peer in DEFAULT_PEERS:
        if peer.label.startswith("flac"):
            assert {"--no-padding", "--no-seektable"} <= set(peer.encode)


def test_fill_replaces_only_known_names() -> None:
    assert fill(("a", "{input}", "x{pcm}{other}"), input="{pcm}", pcm="s16le") == [
        "a",
        "s16le",
        "xs16le{other}",
    ]


@pytest.mark.parametrize(
    ("bits", "is_float", "channels", "refused"),
    [(16, False, 2, False), (8, False, 2, True), (32, True, 2, True), (16, False, 3, True)],
)
def test_refusal_by_format(bits: int, is_float: bool, channels: int, refused: bool) -> None:
    peer = Peer("p", ("a",), ("b",), bits=(16, 24), max_channels=2)
    assert bool(peer.refusal(bits, is_float, channels)) == refused


def test_missing_programs_are_left_out_with_a_note() -> None:
    here = python_peer("here")
    gone = Peer("gone", ("no-such-program-here",), ("no-such-program-here",))
    found, notes = find_peers([here, gone])
    assert found == [here]
    assert len(notes) == 1
    assert "gone" in notes[0]
    assert "no-such-program-here" in notes[0]


def test_version_is_the_first_line_printed() -> None:
    words = (sys.executable, "-S", "-c", "print(); print('codec 1.2'); print('more')")
    assert Peer("p", ("a",), ("b",), version=words).read_version() == "codec 1.2"
    assert Peer("p", ("a",), ("b",)).read_version() == ""


def test_toml_and_json_give_the_same_peer(tmp_path: Path) -> None:
    toml = tmp_path / "p.toml"
    toml.write_text(
        '[[peer]]\nlabel = "x -1"\nencode = "x -1 \'{input}\' {output}"\n'
        'decode = ["x", "-d", "{input}", "{output}"]\nbits = [16]\nfloats = true\n'
    )
    entry = {
        "label": "x -1",
        "encode": ["x", "-1", "{input}", "{output}"],
        "decode": "x -d {input} {output}",
        "bits": [16],
        "floats": True,
    }
    other = tmp_path / "p.json"
    other.write_text(json.dumps({"peer": [entry]}))
    assert load_peers(toml) == load_peers(other)
    assert load_peers(toml)[0].encode == ("x", "-1", "{input}", "{output}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "peer = 3",
        "[[peer]]\nlabel = 'x'",
        "[[peer]]\nlabel='x'\nencode='x {input}'\ndecode='x {input} {output}'",
        "[[peer]]\nlabel='x'\nencode='x {input} {output}'\ndecode='x {input} {output}'\nbits=[7]",
        "[[peer]]\nlabel='x'\nencode='x {input} {output}'\ndecode='x {input} {output}'\nodd=1",
        "[[peer]]\nlabel='x'\nencode=[1]\ndecode='x {input} {output}'",
        "not toml",
    ],
)
def test_a_bad_file_of_peers_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"p\.toml"):
        load_peers(path)


def test_the_example_of_further_peers_is_valid() -> None:
    peers = load_peers(ROOT / "benchmarks" / "peers.toml")
    assert len({peer.label for peer in (*peers, *DEFAULT_PEERS)}) == len(peers) + len(DEFAULT_PEERS)


def test_programs_are_looked_up_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None if program == "b" else program)
    assert Peer("p", ("a",), ("b",)).missing_program() == "b"
