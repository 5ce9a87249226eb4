"""The mel autoencoder: `spectrum` has mel bands as a layer, `blocks` the parts of the network.

`autoencoder` puts them together, `losses` compare what comes out, `synthesis` makes audio of it.
"""
