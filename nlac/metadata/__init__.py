"""Metadata in the forms of other programs: tags, pictures, cue sheets, gains of loudness."""
