"""Configurations: YAML files as checked dataclasses.

`checks` makes a dataclass of plain values, and says which key is wrong, and what is allowed.
`files` reads YAML and settings of the command line. `train` holds the settings of the loop, and
`experiment` the sections of a configuration together.
"""
