"""The lake's care: small files put together, what nobody needs removed, raw kept as long as contracts say.

Here: which tables, and what is promised to readers. Not here: what is done to a Delta table (`resources.maintenance`).
"""
