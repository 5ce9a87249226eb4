"""Predictors: the public plug-in interface, and the decoder's side of those built in."""
