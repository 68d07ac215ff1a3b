"""Telling people: what went wrong in a night, whom it concerns, what keeps its last state because of it, what to do next.

happened (what a run's events say) → gather (notices) → words (a message per department, and one for the engineers) → tell.
Here: all that. Not here: sending (`resources.channels`), what is late (`pipelines.control.freshness`).
"""
