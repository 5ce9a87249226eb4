"""Search for long-term prediction (LTP): lags and their gain."""
