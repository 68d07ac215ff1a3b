"""Pipelines: the steps of every table, Dagster's definitions, the control tables and the command line.

Here: how and when tables are made. Not here: what a table is (`assets`), what may be published (`quality`), engine and stores
(`resources`).
"""
