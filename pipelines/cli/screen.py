"""Output of the command line: tables and progress for people, JSON for programs.

Here: rich's console and the output functions of all commands. Not here: what is shown.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from time import perf_counter
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

PIPED_WIDTH = 160
console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
errors = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else PIPED_WIDTH)


EMPTY = (
    "The lake at {} is empty. Run a night: citylake run --as-of YYYY-MM-DD, or citylake demo; for another lake, --lake or CITYLAKE_CONFIG."
)
"""What commands answer that read a lake without any table, so that nobody takes a wrong path for a lake in order."""


def own_name() -> str:
    """How this command is typed: `citylake` where the shell finds it, else the path by which it was started."""
    return "citylake" if shutil.which("citylake") else os.path.relpath(sys.argv[0])


def print_json(value: Any) -> None:
    """Print a value as JSON; dates in ISO format, decimals as text. Only UTF-8 output has characters outside ASCII unescaped."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    json.dump(value, sys.stdout, ensure_ascii=encoding != "utf8", indent=2, default=_plain)
    sys.stdout.write("\n")


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if hasattr(value, "asDict"):
        return value.asDict(recursive=True)
    return str(value)


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], right: Iterable[str] = ()) -> None:
    """Print a table. Cells are data, never markup.

    Args:
        title: above the table; may be empty.
        columns: the headings.
        rows: cells as values; None is shown empty.
        right: the headings of columns with numbers, which are aligned to the right.
    """
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold", show_edge=False, pad_edge=False)
    numbers = set(right)
    for c in columns:
        table.add_column(c, justify="right" if c in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*[escape(_cell(v)) for v in row])
    console.print(table)
    console.print()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}"
    return str(value)


@contextmanager
def progress(title: str, steps: int) -> Iterator[Any]:
    """Show progress over steps. Yields the callback `(table, event)` for "start", "done" and "failed"."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(
        TextColumn("[bold]{task.description}"), BarColumn(bar_width=30), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("{task.fields[table]}"), console=errors, transient=not errors.is_terminal,
    ) as bar:  # fmt: skip
        task = bar.add_task(title, total=steps, table="")
        started = perf_counter()
        if not errors.is_terminal:
            errors.print(f"{title} …")

        def step(table: str, event: str) -> None:
            bar.update(task, table=table if event == "start" else "", advance=0 if event == "start" else 1)

        yield step
        bar.update(task, completed=steps, table="")
        if not errors.is_terminal:
            errors.print(f"{title}: {perf_counter() - started:.1f} s")
