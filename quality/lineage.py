"""Where a row comes from: the columns that every raw and cleansed row carries."""

LINEAGE = ("_batch_id", "_business_date", "_source_file", "_row_no")
"""Batch, business date, delivered file and row in it: together they name one delivered row."""
