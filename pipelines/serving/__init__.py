"""The read-only endpoint for analysts: the tables of a release, the queries and plans that may run, the servers.

Here: the rules of the endpoint and its gRPC services. Not here: the commands (`pipelines.cli`).
"""
