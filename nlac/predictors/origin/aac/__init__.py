"""Origin blocks whose samples an AAC-LC decoder wrote: quantised spectra of MPEG-4 audio."""
