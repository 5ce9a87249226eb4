"""What no decoder needs: analysis, choices, and the encoding of blocks and streams."""
