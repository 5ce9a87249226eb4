"""Audio files that are written: from samples to bytes of a container."""
