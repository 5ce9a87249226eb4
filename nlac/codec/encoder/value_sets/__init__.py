"""Search for the values that occur: grids and lists."""
