"""Commands for archives: many files, kept for long."""
