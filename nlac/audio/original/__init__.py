"""The original file: its bytes beside the samples, and putting it together again."""
