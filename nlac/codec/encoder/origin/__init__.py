"""Find the lossy streams that samples were decoded from, and code what they held."""
