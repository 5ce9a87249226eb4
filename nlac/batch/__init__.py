"""Whole archives: a tree of recordings into a tree of streams, and back, by a manifest.

`nlac.batch.run` encodes a tree, `nlac.batch.back` checks the result and restores the tree from
it. Both give jobs (`nlac.batch.work`) to an engine (`nlac.batch.engines`), which is a
`concurrent.futures` executor: processes of this machine, or a Dask cluster. What became of each
file is a line of the manifest (`nlac.batch.manifest`), from which a killed run goes on.
"""
