"""What commands have in common that concern cue sheets and tracks."""
