"""Faults of the store and of the machine, and what the lake makes of them: nothing lost, nothing twice, nothing half.

Here: publishers that race, answers that get lost, transfers that break off, stores and runs that are killed. Not here: the
proxy and the servers (`tests.servers`), a store that lies about its conditions (`tests.store`).
"""
