"""Install the files of the integration for a user or below a prefix, and take them away again."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nlac._errors import OutputExists
from nlac._output import open_output
from nlac.cli.integration.file_type import MAGIC
from nlac.cli.integration.files import MAGIC_PLACE, MAN_FOLDER, shared_files
from nlac.cli.integration.marker import MARKER

_BEGIN, _END = f"# {MARKER}\n", "# End of what nlac wrote.\n"
_SECTION = re.compile(re.escape(_BEGIN) + ".*?" + re.escape(_END), re.DOTALL)


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a file: `text` is its new content, None if it is to go."""

    path: Path
    text: str | None

    @property
    def verb(self) -> str:
        """In a word: unchanged, written or removed."""
        if self.text is None:
            return "removed"
        return "unchanged" if _content(self.path) == self.text else "written"

    def carry_out(self) -> None:
        """Write or remove the file, and the folder that has nothing else."""
        if self.text is None:
            self.path.unlink()
            if self.path.parent.name == "nlac":
                with contextlib.suppress(OSError):
                    self.path.parent.rmdir()
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open_output(self.path, force=True) as file:
            file.write(self.text.encode("utf-8", "surrogateescape"))


def user_share() -> Path:
    """The folder "share" of the user: that of ``XDG_DATA_HOME``, or ``~/.local/share``."""
    given = os.environ.get("XDG_DATA_HOME", "")
    return Path(given) if os.path.isabs(given) else Path.home() / ".local" / "share"


def installation(share: Path, magic: Path | None, force: bool) -> list[Change]:
    """Files to write below `share`, and the section in the user's magic file.

    Parameters
    ----------
    share : path
        The folder "share" of a user or of a prefix.
    magic : path or None
        File of file(1) that gets a section; None leaves it at the file below `share`.
    force : bool
        Replace files that nlac did not write, too.

    Raises
    ------
    OutputExists
        A file of that name is there that nlac did not write.
    """
    wanted = {share / place: text for place, text in shared_files().items()}
    if magic is not None:
        del wanted[share / MAGIC_PLACE]
        wanted[magic] = _SECTION.sub("", _content(magic) or "") + _BEGIN + MAGIC + _END
    for path in wanted:
        content = _content(path)
        if path != magic and content is not None and MARKER not in content and not force:
            raise OutputExists(f"{path}: this file was not written by nlac; -f replaces it")
    written = [Change(path, text) for path, text in wanted.items()]
    return written + [Change(path, None) for path in _installed(share) if path not in wanted]


def removal(share: Path, magic: Path | None) -> list[Change]:
    """Files to remove: those that nlac wrote, whatever its version then, and no others."""
    changes = [Change(path, None) for path in _installed(share)]
    if magic is not None and _BEGIN in (content := _content(magic) or ""):
        rest = _SECTION.sub("", content)
        changes.append(Change(magic, rest or None))
    return changes


def _installed(share: Path) -> Iterator[Path]:
    """Files below `share` that nlac wrote, also of commands that are no more."""
    names = [*shared_files()]
    places = {share / name for name in names} | set((share / MAN_FOLDER).glob("nlac*.1"))
    for path in sorted(places):
        if MARKER in (_content(path) or ""):
            yield path


def _content(path: Path) -> str | None:
    """Text of a file; None if there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except (FileNotFoundError, NotADirectoryError):
        return None


def update_databases(share: Path) -> list[str]:
    """Let the desktop know of the changed type; returns the commands that were run."""
    ran = []
    for program, folder in (
        ("update-mime-database", share / "mime"),
        ("update-desktop-database", share / "applications"),
    ):
        found = shutil.which(program)
        if found is not None and folder.is_dir():
            command = [found, str(folder)]
            subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
            ran.append(" ".join(command))
    return ran
