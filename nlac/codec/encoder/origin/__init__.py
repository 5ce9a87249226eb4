"""Analysis of samples that a Layer III decoder wrote, back to the granules they came from."""
