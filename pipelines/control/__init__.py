"""The control tables `operations/…`: ledger, releases, holds, notices, maintenance, audit and profile.

Here: reading and appending them; they are append-only. Not here: the decisions they record.
"""
