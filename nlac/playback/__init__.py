"""Streams as the files that they were, at any place, and heard."""
