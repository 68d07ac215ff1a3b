"""Thematic database of the industrial economy (产业经济)."""
