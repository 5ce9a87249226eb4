"""The file type as systems describe it: for file(1), and for desktops.

docs/file-type.md has both.
"""

from __future__ import annotations

from nlac.cli.integration.marker import MARKER

MAGIC = """\
0       string  nlacmod1  nlac model
!:ext   nlacm
0       string  nlac
>4      ubyte   <32     nlac lossless audio
!:mime  audio/x-nlac
!:ext   nlac
>>4     ubyte   x       \\b, version %u
>>5     ubyte   0
>>>6    ubyte   x       \\b, %u bits
>>5     ubyte   1       \\b, float
>>7     ubyte   x       \\b, %u channels
>>8     ulelong x       \\b, %u Hz
"""

MIME = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<!-- {MARKER} -->
<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">
  <mime-type type="audio/x-nlac">
    <comment>nlac lossless audio</comment>
    <alias type="audio/nlac"/>
    <magic priority="60"><match type="string" offset="0" value="nlac\\x01"/></magic>
    <glob pattern="*.nlac"/>
  </mime-type>
</mime-info>
"""
