"""The command line `citylake`: every command in a module of its own, imported when it is used."""
