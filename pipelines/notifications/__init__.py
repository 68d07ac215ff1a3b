"""Notifications: what went wrong in a night, whom it concerns, which tables keep their last state, what to do next.

incidents (from a run's events) → gather (notices) → messages (one per department, one for the engineers) → notify.
Not here: sending (`resources.channels`), overdue deliveries (`pipelines.control.freshness`).
"""
