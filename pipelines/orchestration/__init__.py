"""Dagster: assets, jobs, schedules, sensors, and running a business date through them.

Here: everything that imports Dagster, and only that. Not here: what a step does (`pipelines.steps`), its rules (`assets`, `quality`).
"""
