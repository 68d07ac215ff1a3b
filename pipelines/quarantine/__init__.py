"""The rows held back, for people: counted, exported for the department that delivered them, and who was given values.

Here: what `citylake quarantine` and the asset `operations/quarantine` stand on. Not here: holding back (`steps.cleanse`).
"""
