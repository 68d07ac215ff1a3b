"""What the lake runs on and reads from: engine, lake, landing zone, keys, settings. Knows no domain."""

import os

# Read when the libraries are loaded. Sail gives memory that it no longer needs back a moment later: at once would take a fifth more
# processor time, its own ten milliseconds a tenth more memory. Arrow takes the system's allocator: with its own, a process holds
# 30 MB more.
os.environ.setdefault("MIMALLOC_PURGE_DELAY", "1")
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
