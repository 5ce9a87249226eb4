"""Commands of the research bench."""
