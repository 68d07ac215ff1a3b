"""Health checks of an installation: is it ready for a night? Each check has a one-line result.

Here: checks of this machine, the stores, the exchange database and the engine. Not here: how results are shown
(`pipelines.cli.doctor`), deliveries, the result of a night.
No table is changed. Test files are written below one scratch folder of the lake, which is removed.
"""
