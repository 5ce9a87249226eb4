"""Recurrent networks over mu-law levels: `gru`, its compiled loop in `kernels`, `stepping`."""
