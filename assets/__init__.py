"""What each table IS: pure DataFrame -> DataFrame transformations, by layer and domain, next to their declarations.

Here: the rules that turn tables into tables. Not here: where tables live (`resources`), what may be published
(`quality`), how and when anything runs (`pipelines`).
"""
