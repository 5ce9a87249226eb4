"""All files of the integration, by their place below the folder "share" of a system."""

from __future__ import annotations

from nlac.cli.integration.completions import COMPLETIONS
from nlac.cli.integration.desktop import DESKTOP_ENTRY, THUMBNAILER
from nlac.cli.integration.file_type import MAGIC, MIME
from nlac.cli.integration.man import man_pages
from nlac.cli.integration.marker import MARKER

MIME_PLACE = "mime/packages/nlac.xml"
MAGIC_PLACE = "nlac/nlac.magic"
MAN_FOLDER = "man/man1"


def shared_files() -> dict[str, str]:
    """Content of each file: man pages, completions, what desktops call, and the file type."""
    from nlac.cli.main import cli

    return {
        **{f"{MAN_FOLDER}/{name}": text for name, text in man_pages(cli).items()},
        **COMPLETIONS,
        "applications/nlac.desktop": DESKTOP_ENTRY,
        "thumbnailers/nlac.thumbnailer": THUMBNAILER,
        MIME_PLACE: MIME,
        MAGIC_PLACE: f"# {MARKER}\n{MAGIC}",
    }
