"""Files that the client may name, and what is kept of them."""
