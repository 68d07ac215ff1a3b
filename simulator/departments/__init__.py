"""The departments, one module (or package) each: what they write down about the world and deliver, with its dirt and its truth.

A module in this folder takes part by being there (`simulator.declare`). Not here: the world itself (`simulator.world`).
"""
