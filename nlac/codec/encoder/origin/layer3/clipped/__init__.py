"""Granules whose samples a decoder clipped."""
