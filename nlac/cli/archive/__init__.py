"""What the commands for archives share."""
