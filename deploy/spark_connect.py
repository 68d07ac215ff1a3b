"""A Spark Connect server with Delta and S3 as the long-running service of an installation.

    python deploy/spark_connect.py --host 127.0.0.1 --port 15002 [--master spark://…]

It reads the same settings as `citylake` (store, keys, spark_conf) and runs in the foreground until it is stopped.
Clients set CITYLAKE_ENGINE=spark and CITYLAKE_SPARK=sc://HOST:PORT. Whoever reaches the port can read and write the lake.
"""

from __future__ import annotations

import argparse
import os
import sys

from resources.errors import CitylakeError
from resources.settings import load
from resources.spark import check_java, command, environment, properties, properties_file


def main() -> None:
    options = argparse.ArgumentParser(description="A Spark Connect server for citylake.")
    options.add_argument("--host", default="127.0.0.1", help="address to listen on")
    options.add_argument("--port", type=int, default=15002)
    options.add_argument("--master", default="local[*]", help="local[N] or spark://host:port")
    chosen = options.parse_args()
    try:
        settings = load()
        check_java()
    except CitylakeError as e:
        sys.exit(f"error: {e}")
    run = command(properties_file(properties(chosen.master, chosen.port, settings.spark_conf, settings.s3, chosen.host)))
    os.execvpe(run[0], run, environment())  # noqa: S606


if __name__ == "__main__":
    main()
