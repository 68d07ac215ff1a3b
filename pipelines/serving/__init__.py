"""What analysts may ask of a release: its tables, which queries and plans only read them, and the endpoint that answers.

Here: the rules of the read-only endpoint and its gRPC service. Not here: the commands (`pipelines.cli`).
"""
