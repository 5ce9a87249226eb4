"""Commands for those who keep recordings."""
