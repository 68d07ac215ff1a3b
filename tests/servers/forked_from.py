"""The process that forks are made from: importing this imports all that the command line may need, reads what it would read of this
project's own files, and starts nothing.

Here: which modules, which files. Not here: forks (`forks`).
"""

from __future__ import annotations

import gc
import os
from importlib import import_module
from pkgutil import walk_packages

_nowhere = os.open(os.devnull, os.O_RDWR)
for _number in (1, 2):
    os.dup2(_nowhere, _number)  # no terminal: colours are decided upon when a module is imported
os.environ["GX_ANALYTICS_ENABLED"] = "false"

import pipelines  # noqa: E402

ON_FIRST_USE = ("boto3", "great_expectations", "pysail.spark", "pyspark.sql.connect.session", "simulator", "tests.faults.dying")
"""What the product imports when it needs it."""

for _name in (*(found.name for found in walk_packages(pipelines.__path__, "pipelines.")), *ON_FIRST_USE):
    import_module(_name)

from assets.declare import in_order  # noqa: E402
from pipelines.fingerprint import MERGING, module_digest  # noqa: E402

module_digest(*MERGING)
for _asset in in_order():
    module_digest(_asset.function.__module__)  # a second of every night: it reads the code of all tables
gc.freeze()
