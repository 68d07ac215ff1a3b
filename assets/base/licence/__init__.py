"""The base database of electronic licences: their types, whose they are, their versions, whether they are valid, and what has to lapse
(domain rules D6)."""
