"""Recovery of AAC-LC frames from the samples that were decoded from them."""
