"""The second decoder of nlac streams; see decoder.py."""
