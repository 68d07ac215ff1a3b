"""Base database population: which records speak of one person, who the persons are, who has died."""
