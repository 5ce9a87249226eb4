"""Choice of how floats become integers."""
