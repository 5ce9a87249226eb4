"""Encode and decode whole streams: join the bytes of a stream with its predictor."""
