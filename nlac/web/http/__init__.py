"""What answers have in common: ranges, events, compression, the page itself, who may ask."""
