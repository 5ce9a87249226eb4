# Written by nlac for this system; nlac integrate can take it away.
_NLAC_COMPLETE=fish_source nlac | source
