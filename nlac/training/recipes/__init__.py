"""Recipes: what an experiment trains. `base` is what a recipe is, `registry` finds them by name.

The models themselves know nothing of the training loop; a recipe joins a model to data and a loss.
"""
