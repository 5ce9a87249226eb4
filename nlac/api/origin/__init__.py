"""What a stream was before: the lossy stream that its samples came from."""
