"""What may be published: row rules, gates, quarantine, reconciliation.

Here: deciding about rows and tables. Not here: what a value means (`standards`), where tables are (`resources`).
"""
