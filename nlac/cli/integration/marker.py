"""The line by which files that nlac wrote for a system are known again.

It stands in comments of roff, XML and shells: XML allows no two hyphens.
"""

MARKER = "Written by nlac for this system; nlac integrate can take it away."
