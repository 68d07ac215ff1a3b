"""Readers of deliveries: bytes of one format in, Arrow record batches of text out, strictly and in bounded memory.

Here: one module per format, and what they share (manifest, streams, header, batch). Not here: which drops there
are (`resources.landing`) and what the values mean (`standards`).
"""
