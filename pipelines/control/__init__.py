"""The lake's own tables, `operations/…`: what became of every batch, what is held, what was told, tidied up and given out.

Here: reading and appending them. They are only ever appended to. Not here: deciding anything that stands in them.
"""
