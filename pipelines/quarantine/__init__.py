"""Quarantined rows for people: counts, the nightly overview, workbooks for the departments.

Here: what `citylake quarantine` and the asset `operations/quarantine` use. Not here: quarantining rows (`pipelines.steps.cleanse`).
"""
