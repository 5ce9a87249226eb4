"""Routes of the interface, a module for each part of the page."""
