"""The command line. Each command has a module of its own, imported when it is called.

Reading order: `main` (the command group, errors and exit codes), `_console`
(messages, progress, one file after the other), `_files` (what is read and where
outputs go), `options` (what several commands share), then the commands.
"""
