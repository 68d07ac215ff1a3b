"""Cleansed tables: judge the rows that are new in raw, merge them into the published state, publish the state and the quarantine.

The road of a row, one module per stretch, each with one input and one output type:

    plan → parse → candidates → merge → table_rules → split → gate → write

`run` is that line. Helpers: `snapshots` (what a full snapshot brings), `quarantine` (rows held back, and publishing them), `table_state`
(how the state and its quarantine relate). Not here: the rules of rows (`quality.rows`) and of versions (`assets.cleansed.merge`).
"""

from pipelines.steps.cleanse.run import cleanse

__all__ = ["cleanse"]
