"""Commands to look at recordings and to hear them."""
