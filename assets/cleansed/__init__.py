"""One row per real record: how the deliveries of any department's table are folded into its current state.

There is one way for all of them; what differs stands in the contracts under `contracts/cleansed`.
"""
