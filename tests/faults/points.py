"""Named steps of a publish and of a run at which a process can be made to die, without a hook in the lake's own code.

Here: the points, and a block within which the public function behind one of them dies. Not here: a process that dies
(`dying`), what must hold after it (the tests). Lake, ledger and gates are called through their modules, so wrapping is enough.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn
from unittest.mock import patch

import resources.lake
from pipelines.control.ledger import RELEASE, Ledger
from quality import gates
from resources.lake import Lake
from resources.stage import Stage

BEFORE, DURING, AFTER = "before", "during", "after"


class Died(BaseException):
    """What a point raises in a process that shall go on. No Exception: nobody in between may take it for a failure and go on."""


@dataclass(frozen=True)
class Function:
    """Something public that can be wrapped. table: of its arguments, the table it works on."""

    owner: Any
    name: str
    table: Callable[..., str]


def _of_self(stage: Stage, *_: Any, **__: Any) -> str:
    return stage.table


STAGE = (Function(Stage, "write", _of_self), Function(Stage, "write_arrow", _of_self))
GATE = (Function(gates, "check", lambda contract, *_, **__: contract.name),)
PUBLISH = (Function(Lake, "publish", lambda _, stage, **__: stage.table),)
COMMIT = (Function(resources.lake, "commit", lambda uri, *_, **__: "/".join(uri.split("/")[-3:])),)
RECORD = (Function(Ledger, "record", lambda _, accounts, **__: next((a.table for a in accounts), "")),)
RELEASED = (Function(Ledger, "release", lambda *_, **__: RELEASE),)

POINTS: dict[str, tuple[tuple[Function, ...], str]] = {
    "stage-before": (STAGE, BEFORE),
    "stage-files": (STAGE, DURING),  # data files are there, the last of them cut in half, and no log names them
    "stage-after": (STAGE, AFTER),
    "gate-after": (GATE, AFTER),
    "publish-before": (PUBLISH, BEFORE),
    "commit-before": (COMMIT, BEFORE),
    "commit-after": (COMMIT, AFTER),  # the stage is not tidied up yet
    "publish-after": (PUBLISH, AFTER),
    "ledger-before": (RECORD, BEFORE),
    "ledger-after": (RECORD, AFTER),
    "release-before": (RELEASED, BEFORE),
    "release-after": (RELEASED, AFTER),
}
"""Point -> what dies, and when. The quarantine's commit is "commit-…" of the table quarantine/…"""


def kill() -> NoReturn:
    """As the kernel or an operator ends a process: at once, without a last word."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still here")


def die() -> NoReturn:
    raise Died


@contextmanager
def dying(point: str, table: str | None = None, nth: int = 1, death: Callable[[], object] = kill) -> Iterator[None]:
    """Inside the block the process dies at this point: the nth time that any table, or this one, comes by.

    death: what happens there. When it returns, the process goes on as if it had only been stopped.
    """
    functions, when = POINTS[point]
    left = [nth]

    def due(name: str) -> bool:
        if table is not None and name != table:
            return False
        left[0] -= 1
        return left[0] == 0

    with ExitStack() as patches:
        for function in functions:
            patches.enter_context(patch.object(function.owner, function.name, _wrapped(function, when, due, death)))
        yield


def _wrapped(function: Function, when: str, due: Callable[[str], bool], death: Callable[[], object]) -> Callable[..., Any]:
    original = getattr(function.owner, function.name)

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        now = due(function.table(*args, **kwargs))
        if now and when == BEFORE:
            death()
        result = original(*args, **kwargs)
        if now and when == DURING:
            _forget_log(args[0])
        if now:
            death()
        return result

    return wrapper


def _forget_log(stage: Stage) -> None:
    """A stage in a folder as it is while its files are being written: no log yet, the last file not whole."""
    files = sorted(f for f in stage.open().file_uris())
    stage.store.remove(f"{stage.path}/_delta_log")
    if files and not stage.options:
        os.truncate(files[-1], os.path.getsize(files[-1]) // 2)
