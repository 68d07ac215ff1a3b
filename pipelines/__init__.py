"""How and when it runs: the steps every table goes through, Dagster's definitions, and the command line.

Here: orchestration. Not here: what a table is (`assets`), what may be published (`quality`), what it runs on (`resources`).
"""
