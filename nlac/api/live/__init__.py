"""Streams that another process is still writing."""
