"""Cue sheets of an album of ten minutes, whole and short."""

from __future__ import annotations

from nlac.audio.format import AudioFormat

CD = AudioFormat(44_100, 2, 16)
# ten minutes
FRAMES = 26_460_000

ALBUM = """\
REM GENRE Ambient
REM DATE 1999
CATALOG 0123456789012
PERFORMER "The Örgan"
TITLE "Two, three"
FILE "album.wav" WAVE
  TRACK 01 AUDIO
    TITLE "Öne"
    ISRC DE-ABC-99-00001
    FLAGS DCP PRE
    INDEX 00 00:00:00
    INDEX 01 00:02:00
  TRACK 02 AUDIO
    TITLE "Two"
    PERFORMER "Another"
    INDEX 00 03:59:74
    INDEX 01 04:01:00
    INDEX 02 05:00:37
  TRACK 03 AUDIO
    PREGAP 00:02:00
    INDEX 01 07:00:00
    POSTGAP 00:01:00
"""

T1 = "TRACK 01 AUDIO\n"
AT0 = "INDEX 01 00:00:00\n"
ONE = T1 + AT0
TWO = ONE + "TRACK 02 AUDIO\nINDEX 01 01:00:00\n"
