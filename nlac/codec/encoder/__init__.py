"""Encode blocks and streams: analysis, choices, coding. No decoder needs this folder."""
