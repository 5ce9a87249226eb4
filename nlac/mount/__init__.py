"""Archives as file systems in which each stream is the file that it was made of."""
