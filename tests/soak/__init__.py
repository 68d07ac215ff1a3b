"""Many nights in one process, each with faults: what must always be true holds after every one, and memory does not grow.

`make soak`, or `python -m tests.soak --nights 30 --people 200 --seed 1`.
"""
