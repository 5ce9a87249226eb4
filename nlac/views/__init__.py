"""Pictures of recordings and streams: peaks, spectrograms, comparisons, pages."""
