"""Arrays of samples in chunked storage: codecs for numcodecs and for Zarr 3.

`chunks` turns an array into bytes and back; `numcodecs_codec` and `zarr_codec` are what those
packages load by their entry points. None of them is imported with `nlac`.
"""
