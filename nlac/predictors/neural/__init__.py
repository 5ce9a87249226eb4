"""Predictors `cnn` and `gru`: a network that corrects a base predictor."""
