"""Parts of ``nlac tag``."""
