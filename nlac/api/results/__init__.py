"""Results of the functions of the package, as frozen records that turn into JSON."""
