"""Man pages, completions, the file type: made of the commands, installed, taken away, and used."""

from __future__ import annotations

import configparser
import json
import mimetypes
import os
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cli_tools import ROOT

import nlac
from nlac.cli.integration.file_type import MAGIC, MIME
from nlac.cli.integration.files import shared_files
from nlac.cli.main import COMMANDS

SHARE = ROOT / "share"


@pytest.fixture(scope="module")
def made():
    return shared_files()


@pytest.fixture
def home(tmp_path, monkeypatch):
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    return folder


@pytest.fixture
def stream(tmp_path):
    path = tmp_path / "take.nlac"
    nlac.write(path, np.zeros((100, 3), np.int32), 96_000, bits_per_sample=24, preset="fast")
    return path


def needs(program: str) -> str:
    """Path of a program; skips without it."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def test_shared_files_are_current(made):
    stored = {
        path.relative_to(SHARE).as_posix(): path.read_text(encoding="utf-8")
        for path in SHARE.rglob("*")
        if path.is_file()
    }
    assert stored == made, "run python tools/make_share.py"


def test_every_command_has_a_page(made):
    assert {f"man/man1/nlac-{name}.1" for name in COMMANDS} < made.keys()
    assert "man/man1/nlac-runs-list.1" in made
    page = made["man/man1/nlac-encode.1"]
    for text in (".SH NAME\nnlac\\-encode \\- make nlac files", "\\-\\-preset", ".SH EXAMPLES"):
        assert text in page


def test_pages_have_no_fault_that_groff_finds(made, tmp_path):
    groff = needs("groff")
    path = tmp_path / "all.1"
    path.write_text("".join(text for place, text in made.items() if "/man1/" in place))
    done = subprocess.run(
        [groff, "-man", "-Tascii", "-ww", path], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    # what roff would have taken for a request is text
    assert "aplay" in done.stdout


def test_file_names_streams_and_models(made, tmp_path, stream):
    program = needs("file")
    magic = tmp_path / "nlac.magic"
    magic.write_text(made["nlac/nlac.magic"])
    model = Path(nlac.__file__).parent / "models" / "cnn.nlacm"

    def told(path: Path, *options: str) -> str:
        command = [program, "-b", "-m", magic, *options, path]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return done.stdout.strip()

    assert told(stream) == "nlac lossless audio, version 1, 24 bits, 3 channels, 96000 Hz"
    assert told(stream, "--mime-type") == "audio/x-nlac"
    assert told(model) == "nlac model"


def test_desktops_learn_the_type(made, tmp_path):
    program = needs("update-mime-database")
    packages = tmp_path / "mime" / "packages"
    packages.mkdir(parents=True)
    (packages / "nlac.xml").write_text(made["mime/packages/nlac.xml"])
    subprocess.run([program, tmp_path / "mime"], check=True, capture_output=True)
    assert "50:audio/x-nlac:*.nlac" in (tmp_path / "mime" / "globs2").read_text()
    assert b"audio/x-nlac" in (tmp_path / "mime" / "magic").read_bytes()


def test_mime_type_is_good_xml(tmp_path):
    program = needs("xmllint")
    path = tmp_path / "nlac.xml"
    path.write_text(MIME)
    subprocess.run([program, "--noout", path], check=True)


def test_desktops_know_what_opens_it(made, tmp_path):
    program = needs("desktop-file-validate")
    path = tmp_path / "nlac.desktop"
    path.write_text(made["applications/nlac.desktop"])
    done = subprocess.run([program, path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_what_file_managers_call_draws_a_picture(call, made, stream, tmp_path):
    entry = configparser.ConfigParser(interpolation=None)
    entry.read_string(made["thumbnailers/nlac.thumbnailer"])
    found = entry["Thumbnailer Entry"]
    assert found["MimeType"] == "audio/x-nlac;"
    values = {"%s": "128", "%i": str(stream), "%o": str(tmp_path / "thumb.png")}
    program, *arguments = (values.get(word, word) for word in found["Exec"].split())
    assert program == found["TryExec"] == "nlac"
    assert call(*arguments).exit_code == 0
    data = (tmp_path / "thumb.png").read_bytes()
    assert struct.unpack(">II", data[16:24]) == (128, 64)


def test_the_document_has_the_same_snippets():
    page = (ROOT / "docs/file-type.md").read_text(encoding="utf-8")
    indented = "".join(f"    {line}\n" for line in MAGIC.splitlines())
    assert indented in page
    assert re.sub(r"<!--.*-->\n", "", MIME) in page


def test_mimetypes_learns_the_type():
    code = (
        "import mimetypes, sys, nlac; assert 'mimetypes' in sys.modules; "
        "before = mimetypes.guess_type('a.nlac')[0]; nlac.register_mimetype(); "
        "print(before, *mimetypes.guess_type('a.nlac'))"
    )
    command = [sys.executable, "-c", code]
    env = os.environ | {"PYTHONPATH": str(Path(nlac.__file__).parents[1])}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split()[1:] == ["audio/x-nlac", "None"]
    assert mimetypes.guess_type("a.flac")[0]


def test_installed_for_a_user_and_taken_away(call, home, made):
    (home / ".magic").write_text("0 string FOO foo data\n")
    tried = call("integrate", "--dry-run")
    assert tried.exit_code == 0
    assert [path.name for path in home.iterdir()] == [".magic"]
    done = call("integrate")
    assert done.exit_code == 0
    share = home / ".local/share"
    named = [line for line in done.stdout.splitlines() if line.endswith(" written")]
    assert len(named) == len(made)
    assert named == [
        line.replace("would be ", "") for line in tried.stdout.splitlines() if "would be" in line
    ]
    for place, text in made.items():
        if place != "nlac/nlac.magic":
            assert (share / place).read_text() == text
    magic = (home / ".magic").read_text()
    assert magic.startswith("0 string FOO foo data\n")
    assert MAGIC in magic
    again = call("integrate", "--json")
    assert {json.loads(line)["state"] for line in again.stdout.splitlines()} == {"unchanged"}
    # the page of a command that is no more goes with the others
    gone = share / "man/man1/nlac-former.1"
    gone.write_text((share / "man/man1/nlac-info.1").read_text())
    assert call("integrate", "--remove").exit_code == 0
    assert (home / ".magic").read_text() == "0 string FOO foo data\n"
    left = [path for path in share.rglob("*") if path.is_file() and "mime" not in path.parts]
    # of update-desktop-database
    assert [path for path in left if path.name != "mimeinfo.cache"] == []
    assert not (share / "mime/packages/nlac.xml").exists()
    assert "nothing of nlac" in call("integrate", "--remove").stdout


def test_files_of_others_are_left_alone(call, home):
    mine = home / ".local/share/man/man1/nlac.1"
    mine.parent.mkdir(parents=True)
    mine.write_text("my own page")
    done = call("integrate")
    assert done.exit_code == 5
    assert "nlac.1: this file was not written by nlac; -f replaces it" in done.stderr
    assert not (home / ".magic").exists()
    assert call("integrate", "--remove").exit_code == 0
    assert mine.read_text() == "my own page"
    assert call("integrate", "-f", "-q").exit_code == 0
    assert mine.read_text() != "my own page"


def test_below_a_prefix(call, home, made, tmp_path):
    assert call("integrate", "-q", "--prefix", tmp_path / "root").exit_code == 0
    for place, text in made.items():
        assert (tmp_path / "root/share" / place).read_text() == text
    assert list(home.iterdir()) == []
    assert call("integrate", "-q", "--prefix", tmp_path / "root", "--remove").exit_code == 0
    assert not list((tmp_path / "root").rglob("*nlac*"))
    wrong = call("integrate", "--user", "--prefix", tmp_path / "root")
    assert wrong.exit_code == 2
    assert wrong.stderr == "nlac: error: --user and --prefix exclude each other\n"


@pytest.fixture
def with_command(tmp_path, environment):
    """Environment in which a shell finds the command nlac."""
    command = tmp_path / "nlac"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nlac "$@"\n')
    command.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    return environment | {"PATH": path, "HOME": str(tmp_path)}


COMPLETED = {
    "bash": (
        'source "$1"; COMP_WORDS=(nlac enc); COMP_CWORD=1; _nlac_completion nlac; '
        'echo "${COMPREPLY[@]}"'
    ),
    "fish": 'source "$argv[1]"; complete -C "nlac enc"',
}


@pytest.mark.parametrize("shell", COMPLETED)
def test_shells_complete(shell, made, tmp_path, with_command):
    program = needs(shell)
    (script,) = [text for place, text in made.items() if place.startswith(shell)]
    (tmp_path / "completion").write_text(script)
    before = ["-"] if shell == "bash" else []
    command = [program, "-c", COMPLETED[shell], *before, tmp_path / "completion"]
    done = subprocess.run(command, env=with_command, capture_output=True, text=True, check=True)
    assert "encode" in done.stdout


def test_zsh_completes_at_the_first_key(made, tmp_path, with_command):
    program = needs("zsh")
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions" / "_nlac").write_text(made["zsh/site-functions/_nlac"])
    # what the script of click calls is replaced, to see what it would offer
    script = f"""
        fpath=({tmp_path}/functions $fpath)
        _describe() {{ shift 2; print -l -- "${{(@P)3}}" "${{(@P)1}}" }}
        compdef() {{ }}
        autoload -Uz _nlac
        words=(nlac enc); CURRENT=2
        _nlac
    """
    done = subprocess.run(
        [program, "-f", "-c", script], env=with_command, capture_output=True, text=True, check=False
    )
    assert "encode" in done.stdout, done.stderr
