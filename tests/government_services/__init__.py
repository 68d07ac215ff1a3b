"""Government services: cases and their limits, comments, the hotline, and what is counted of them."""
