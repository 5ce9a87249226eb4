"""Predictor `cascade`: backward-adaptive RLS predictors, NLMS stages and combiners."""
