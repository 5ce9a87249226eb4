"""What makes a system know nlac: man pages, completions, the file type."""
