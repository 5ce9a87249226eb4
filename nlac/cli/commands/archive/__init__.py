"""Commands for audio files and streams."""
