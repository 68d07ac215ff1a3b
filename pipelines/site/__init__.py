"""`citylake site`: a folder of static pages about one release, and the open data of it.

Here: computing what pages show from the release's tables and the control tables, without an engine; writing them; sealing them.
Not here: which themes have a page and what it shows (`assets.pages`), the tables themselves.
"""
