"""Tags and pictures: editing them, reading them from other files, and text files of tags."""
