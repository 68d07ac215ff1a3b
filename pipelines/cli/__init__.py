"""The command line `citylake`: one module per command, imported when the command runs."""
