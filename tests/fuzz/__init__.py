"""The readers under bytes nobody would write: `python -m tests.fuzz.readers --minutes 60`. What was found stays in `corpus`."""
