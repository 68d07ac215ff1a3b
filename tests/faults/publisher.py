"""A process that publishes to one table again and again, next to others that do the same.

Here: staging with an engine or without one, then publishing all stages, each again after a conflict. Not here: what must come of it
(`test_two_publishers`). Its order comes on the standard input as one line of JSON, the word to begin as the next.
"""

from __future__ import annotations

import json
import sys

import pyarrow as pa
from pydantic import SecretStr

from resources.engine import Engine, Sail, Spark
from resources.lake import Conflict, Lake
from resources.s3 import S3
from resources.stage import Stage

FEW_ROWS = {"spark.sql.shuffle.partitions": "2"}


def write(stage: Stage, engine: Engine | None, writer: str, number: int) -> None:
    row = {"writer": writer, "number": number}
    if engine is None:
        stage.write_arrow(pa.Table.from_pylist([row]).to_reader())
    else:
        stage.write(engine.session.createDataFrame([tuple(row.values())], "writer string, number long"))


def publish(lake: Lake, stage: Stage, writer: str) -> tuple[int, int]:
    """The version it became, and how often somebody else was first."""
    conflicts = 0
    while True:
        try:
            base = lake.version(stage.table)
            return lake.publish(stage, base_version=base, mode="append", metadata={"writer": writer}).version, conflicts
        except Conflict:
            conflicts += 1


def engine_of(told: str | None, s3: S3 | None) -> Engine | None:
    """The engine that is called `sail`, or Apache Spark at an address."""
    if told is None:
        return None
    return Sail(s3) if told == "sail" else Spark(told, FEW_ROWS, s3)


def main() -> None:
    order = json.loads(sys.stdin.readline())
    s3 = S3(order["endpoint"], "us-east-1", order["access_key"], SecretStr(order["secret_key"])) if order["endpoint"] else None
    lake, writer = Lake(order["root"], s3), order["writer"]
    engine = engine_of(order["engine"], s3)
    stages = [lake.stage(order["table"], writer) for _ in range(order["times"])]
    for number, stage in enumerate(stages):
        write(stage, engine, writer, number)
    print("ready", flush=True)
    sys.stdin.readline()
    versions, conflicts = [], 0
    for stage in stages:
        version, lost = publish(lake, stage, writer)
        versions.append(version)
        conflicts += lost
    print(json.dumps({"versions": versions, "conflicts": conflicts}), flush=True)
    if engine is not None:
        engine.stop()


if __name__ == "__main__":
    main()
