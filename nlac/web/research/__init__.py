"""Models, generation and training, for the page: what is there, and work on it.

`answers` are the models of the interface, `shelves` finds runs, models and datasets by the names
that clients know, `work` runs generation and training in processes of their own.
"""
