"""What `nlac play` shows and hears on a terminal."""
