"""Search for long-term prediction (LTP): earlier occurrences of what sounds now."""
