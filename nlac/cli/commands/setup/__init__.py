"""Commands for the installation."""
