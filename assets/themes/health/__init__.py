"""Thematic database health: fake, dead and duplicate health records, the services written on them, the true rates."""
