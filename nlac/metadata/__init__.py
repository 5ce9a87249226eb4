"""Metadata in the forms that other programs have: cue sheets, gains of loudness."""
