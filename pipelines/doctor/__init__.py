"""Is this installation fit for a night? Questions put to everything it stands on, each answered in one line.

Here: the questions about this machine, the stores, the exchange database and the engine. Not here: how answers are shown
(`pipelines.cli.doctor`), what was delivered, how a night went.
Nothing here changes the lake. What is written to try things lies below one scratch folder of the lake, which is removed.
"""
