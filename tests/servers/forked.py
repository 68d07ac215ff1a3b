"""What a fork does before its program begins: it takes on the folder, the environment and the files of a process of its own.

Here: nothing that takes time to import. Not here: what is imported before the fork (`forked_from`).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from pkgutil import resolve_name


def begin(main: str, arguments: Sequence[str], folder: str, environment: Mapping[str, str], out: str, err: str) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    for number, file in ((1, out), (2, err)):
        handle = os.open(file, os.O_WRONLY | os.O_APPEND)
        os.dup2(handle, number)
        os.close(handle)
    sys.argv = ["citylake", *arguments]
    resolve_name(main)()
