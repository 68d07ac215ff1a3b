"""Maintenance of the lake: compaction, vacuum of unneeded files, retention of raw.

Here: the policy, and what stays readable. Not here: the operations on a Delta table (`resources.maintenance`).
"""
