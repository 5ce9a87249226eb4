"""Changing the metadata of a stream: in place where there is room, else by a rewrite."""
