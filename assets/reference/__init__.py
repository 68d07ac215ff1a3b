"""Reference tables: what the city takes as given, such as its calendar. Each row says from which edition it is, and when it is valid.

Here: tables made of the data files of `standards`. Not here: joining them as of a date (`assets.joins.join_as_of`).
"""
