"""The base database of legal entities: whose record is it, what is known of the entity, its history, its owners (domain rules D4)."""
