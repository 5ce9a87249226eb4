"""Exactly reversible transforms before prediction: channels, PCM bytes, floats as integers."""
