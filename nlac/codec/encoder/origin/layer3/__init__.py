"""Find the granules of MPEG audio Layer III that samples were decoded from."""
