"""What the rounding of samples tells of values that it nearly hid."""
