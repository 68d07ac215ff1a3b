"""The engine, tested as a night uses it: start, query, and a small table that is staged, published and read.

Here: a child process that does it, since an engine that hangs can only be killed from outside. Not here: the store alone
(`stores`), Java (`machine`).
"""

from __future__ import annotations

import multiprocessing
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from importlib import metadata
from multiprocessing.connection import Connection
from time import perf_counter
from types import FrameType
from typing import TYPE_CHECKING

from pipelines.doctor.checks import NotChecked, brief
from resources.engine import TIME_ZONE, Engine, engine_of
from resources.errors import CitylakeError
from resources.lake import Lake
from resources.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SPARK = "4.2"
ROWS = 1000
GOODBYE_SECONDS = 30
EMBEDDED_SECONDS = 120
SPARK_SECONDS = 660
"""Its first start downloads Java packages, for which it has 600 s."""


class EngineProbe:
    """A child process with an engine; it writes below `scratch` in the lake."""

    WRITE_SECONDS = 180

    def __init__(self, settings: Settings, scratch: str) -> None:
        self.seconds = SPARK_SECONDS if settings.engine == "spark" else EMBEDDED_SECONDS
        self._folder = tempfile.TemporaryDirectory(prefix="citylake-doctor-", ignore_cleanup_errors=True)
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._theirs = theirs
        self._process = context.Process(target=_work, args=(settings, scratch, self._folder.name, theirs), daemon=True)
        self._started = False

    def starts(self) -> str:
        """Start the engine and query it; its pseudonyms must equal those computed in Python."""
        self._process.start()
        self._theirs.close()
        found = self._receive()
        self._started = True
        return found

    def writes(self) -> str:
        """Stage a table with the engine, publish it, read it with the engine and with delta-rs."""
        if not self._started:
            raise NotChecked("the engine must start first")
        self._pipe.send("write")
        return self._receive()

    def _receive(self) -> str:
        try:
            result = self._pipe.recv()
        except (EOFError, OSError):
            self._process.join(1)
            what = f"the engine's process ended unexpectedly (exit code {self._process.exitcode})"
            raise CitylakeError("ENGINE", what, "engine", "See the system's log: it may have run out of memory") from None
        if isinstance(result, CitylakeError):
            raise result
        return str(result)

    def close(self) -> None:
        """End the process and everything it has started."""
        if self._process.pid is not None:
            self._process.terminate()
            self._process.join(GOODBYE_SECONDS)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
        self._folder.cleanup()


def _work(settings: Settings, scratch: str, folder: str, pipe: Connection) -> None:
    """Run the child process. Results go through `pipe` only: what libraries print may contain secrets."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C and ends this process
    signal.signal(signal.SIGTERM, _end)
    tempfile.tempdir = folder
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout.fileno(), sys.stderr.fileno()):
        os.dup2(nothing, stream)
    engine = engine_of(settings)
    lake = Lake(settings.lake, settings.s3)
    try:
        try:
            with suppress(EOFError, BrokenPipeError):
                pipe.send(_outcome(lambda: _answers(engine, settings)))
                pipe.recv()
                pipe.send(_outcome(lambda: _publishes(engine, lake, f"{scratch}/table"), lake))
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is ending already
            engine.stop()
    finally:
        os._exit(0)  # skip the interpreter's teardown, which sometimes aborts or hangs in a native thread


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(1)


def _outcome(work: Callable[[], str], lake: Lake | None = None) -> str | CitylakeError:
    """Return what was found, or the error. When a library fails on the store, the store is probed for a clearer error."""
    try:
        try:
            return work()
        except CitylakeError:
            raise
        except Exception as e:
            if lake is not None and (fault := lake.fault(e)) is not None:
                raise fault from e
            raise
    except CitylakeError as e:
        return CitylakeError(e.code, e.what, e.where, e.remedy)
    except Exception as e:
        return CitylakeError("ENGINE", brief(e), "engine", "See the log of the engine")


def _answers(engine: Engine, settings: Settings) -> str:
    from pyspark.sql import functions as F

    from standards.pseudonym import hmac_sm3_hex, pseudonym_column

    begin = perf_counter()
    session = engine.session
    said = session.sql("SELECT version() AS version, current_timezone() AS zone").collect()[0]
    version = said.version.split()[0]
    if settings.engine == "spark" and not version.startswith(f"{SPARK}."):
        what = f"this is not Apache Spark {SPARK}: the server says version {version}"
        raise CitylakeError(
            "SPARK_VERSION", what, _place(settings), f"Run a Spark Connect server of version {SPARK} (deploy/spark_connect.py)"
        )
    started = perf_counter() - begin
    if said.zone != TIME_ZONE:
        what = f"the engine's session is in {said.zone}, not in {TIME_ZONE}"
        raise CitylakeError("TIME_ZONE", what, _place(settings), "Remove the time zone from the server's properties")
    key = secrets.token_bytes(32)
    made = session.range(ROWS).select(pseudonym_column(key)(F.col("id").cast("string")).alias("pseudonym")).collect()
    if {r.pseudonym for r in made} != {hmac_sm3_hex(key, str(n)) for n in range(ROWS)}:
        what = "the engine computes different pseudonyms than this machine"
        raise CitylakeError("ENGINE", what, _place(settings), "Install the same packages in the engine's Python")
    name = f"Apache Spark {version} at {_place(settings)}" if settings.engine == "spark" else f"Sail {metadata.version('pysail')}, embedded"
    return f"{name}: started and answered in {started:.1f} s; {ROWS:,} pseudonyms in {perf_counter() - begin - started:.1f} s"


def _place(settings: Settings) -> str:
    return settings.spark.split("/;")[0] if settings.engine == "spark" else "embedded engine"


def _publishes(engine: Engine, lake: Lake, table: str) -> str:
    from pyspark.sql import functions as F

    times = [perf_counter()]

    def milliseconds() -> float:
        times.append(perf_counter())
        return (times[-1] - times[-2]) * 1000

    session: SparkSession = engine.session
    number = F.col("id")
    moment = F.lit(datetime(2019, 12, 31, 23, 59)).cast("timestamp_ntz")
    frame = session.range(ROWS).select(
        number, F.lit("扬州").alias("text"), number.cast("decimal(18,2)").alias("amount"), moment.alias("moment")
    )
    stage = lake.stage(table, "doctor")
    stage.write(frame)
    wrote = milliseconds()
    if stage.rows() != ROWS:
        raise CitylakeError(
            "ENGINE", "the engine wrote a wrong number of rows", stage.uri, "Install the engine's version of requirements.txt"
        )
    lake.publish(stage, base_version=None)
    published = milliseconds()
    wanted = ROWS * (ROWS - 1) // 2
    by_engine = lake.read(session, table).agg(F.sum("amount").alias("total"), F.max("text").alias("text")).collect()[0]
    read = milliseconds()
    by_delta = lake.arrow(table)
    if (by_engine.total, by_engine.text) != (wanted, "扬州") or by_delta is None or sum(by_delta["id"].to_pylist()) != wanted:
        raise CitylakeError(
            "ENGINE", "the rows read are not the rows written", lake.uri(table), "Install the engine's version of requirements.txt"
        )
    steps = (f"staged in {wrote:.0f} ms", f"published in {published:.0f} ms", f"read by the engine in {read:.0f} ms")
    return f"{ROWS:,} rows: {', '.join(steps)}, by delta-rs in {milliseconds():.0f} ms"
