"""What the lake runs on and reads from: engine, lake, landing zone, keys, settings. Knows no domain."""
