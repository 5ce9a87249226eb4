"""What desktops call for nlac files: a player in a terminal, and a maker of thumbnails."""

from __future__ import annotations

from nlac.cli.integration.marker import MARKER

DESKTOP_ENTRY = f"""\
# {MARKER}
[Desktop Entry]
Type=Application
Name=nlac
GenericName=Audio player
Comment=Play lossless audio
TryExec=nlac
Exec=nlac play %F
Icon=audio-x-generic
Terminal=true
NoDisplay=true
MimeType=audio/x-nlac;
Categories=AudioVideo;Audio;Player;
"""

THUMBNAILER = f"""\
# {MARKER}
[Thumbnailer Entry]
TryExec=nlac
Exec=nlac thumbnail -s %s %i %o
MimeType=audio/x-nlac;
"""
