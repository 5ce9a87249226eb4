"""Commands for archives, one a module."""
