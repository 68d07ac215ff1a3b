"""Real servers for tests: started on a free loopback port in a folder of their own, ended by their process number.

Here: MinIO, PostgreSQL, the Spark Connect server, and a proxy that breaks HTTP on demand. Not here: what is tested with them.
"""
