"""Numbers behind pictures of recordings and streams."""
