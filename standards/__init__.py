"""The nation's rules as pure functions of Columns: identity numbers, names, divisions, codes, dates, phones, numbers.

Here: what a single delivered value means. Not here: rules over several columns, rows or tables; anything that knows
an engine beyond `pyspark.sql.Column`, a contract or a table.
"""
