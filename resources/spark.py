"""Apache Spark with Delta behind Spark Connect: its Java packages, its properties, its server process.

Here: what starts a server, for one process or as a service. Not here: the session on it (`engine`).
Why these packages and excludes: hadoop-aws and Delta would otherwise bring 660 MB; these are 56 MB and do the same.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

from resources.errors import CitylakeError, Unreachable
from resources.s3 import S3

DELTA = "io.delta:delta-spark_4.2_2.13:4.4.0"
HADOOP_AWS = "org.apache.hadoop:hadoop-aws:3.5.0"
AWS_SDK = "2.35.4"
PACKAGES = (
    DELTA,
    HADOOP_AWS,
    *(f"software.amazon.awssdk:{part}:{AWS_SDK}" for part in ("s3", "s3-transfer-manager", "sts", "apache-client")),
)
EXCLUDES = (
    "software.amazon.awssdk:bundle",
    "org.wildfly.openssl:wildfly-openssl",
    "org.apache.hadoop:hadoop-client-runtime",
    "org.apache.hadoop:hadoop-client-api",
)
JAVA = 17
SERVER_CLASS = "org.apache.spark.sql.connect.service.SparkConnectServer"
START_SECONDS = 600
"""The first start downloads the packages, possibly over a slow line."""

SESSION = {
    "spark.sql.shuffle.partitions": str(max(8, 2 * (os.cpu_count() or 4))),
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.sql.constraintPropagation.enabled": "false",
}
"""Of every session. Adaptive execution joins shuffle partitions that turn out small. Constraints of many computed columns
multiply: with them the optimiser takes minutes and all memory for a table of forty columns, of however few rows."""

SERVER = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.python.sql.dataFrameDebugging.enabled": "false",  # as on Sail, where it is a setting of the session
    "spark.log.level": "WARN",
    "spark.ui.enabled": "false",
    "spark.sql.ui.explainMode": "simple",
    "spark.sql.maxPlanStringLength": "4096",  # plans of many rules are written out for the web interface, which is off
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "Asia/Shanghai",
    "spark.driver.extraJavaOptions": "-Duser.timezone=Asia/Shanghai",
    "spark.executor.extraJavaOptions": "-Duser.timezone=Asia/Shanghai",
    "spark.connect.grpc.maxInboundMessageSize": str(256 << 20),
}

WATCHED = 'exec 3<&0; "$@" </dev/null & server=$!; { cat <&3 >/dev/null; kill "$server"; } 2>/dev/null & wait "$server"'
"""A server that goes down with the process that started it, however that ends: its standard input closes then."""


ABOVE_SHELLS = 64
"""Shells use the first few file handles themselves."""


def memory() -> str:
    """The driver's memory: half of the machine's, at least 1 and at most 32 GiB."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{min(32 << 10, max(1 << 10, total // 2 >> 20))}m"


def check_java() -> Path:
    """The Java that Spark will run on. Raises CitylakeError when there is none, or one it cannot use."""
    remedy = f"Install OpenJDK {JAVA} or newer (Debian: openjdk-17-jre-headless), or use the embedded engine: CITYLAKE_ENGINE=sail"
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin" if home else None)
    where = f"JAVA_HOME={home}" if home else "PATH"
    if found is None:
        raise CitylakeError("JAVA", f"Apache Spark needs Java {JAVA}, which is not installed", where, remedy)
    version = java_version(Path(found))
    major = version.partition(".")[0]
    if not major.isdigit() or int(major) < JAVA:
        raise CitylakeError("JAVA", f"Apache Spark needs Java {JAVA}, this is {major}", found, remedy)
    if "jdk.incubator.vector" not in _says(found, "--list-modules"):
        raise CitylakeError("JAVA", "this Java lacks the module jdk.incubator.vector, which Spark needs", found, remedy)
    return Path(found)


def java_version(java: Path) -> str:
    """The version a Java reports, such as 17.0.15; "unknown" when it reports none."""
    version = re.search(r'version "(\d[^"]*)"', _says(str(java), "-version"))
    return version[1] if version else "unknown"


def _says(java: str, option: str) -> str:
    done = subprocess.run([java, option], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    return done.stdout + done.stderr


def properties(master: str, port: int, conf: dict[str, str], s3: S3 | None, host: str = "127.0.0.1") -> dict[str, str]:
    """All properties of a server.

    Args:
        master: `local[N]`, `local[*]` or `spark://host:port`.
        port: port of Spark Connect.
        conf: further properties, which override the others.
        s3: the store of all s3:// addresses, None for none.
        host: address to listen on.

    Returns:
        Property name -> value.
    """
    listening = {"spark.connect.grpc.binding.address": host, "spark.connect.grpc.binding.port": str(port)}
    machine = {"spark.master": master, "spark.driver.memory": memory()}
    if master.startswith("local"):
        machine["spark.driver.host"] = "127.0.0.1"  # only this machine reaches the driver
    return {**SERVER, **SESSION, **packages(), **machine, **listening, **(s3.hadoop() if s3 else {}), **conf}


def packages() -> dict[str, str]:
    """The properties that name the Java packages to fetch; none where an image has installed them with Spark's own jars."""
    if any((_home() / "jars").glob("delta-spark_*.jar")):
        return {}
    return {"spark.jars.packages": ",".join(PACKAGES), "spark.jars.excludes": ",".join(EXCLUDES)}


def _home() -> Path:
    import pyspark

    return Path(pyspark.__file__).parent


def command(handle: int) -> list[str]:
    """What starts a server in the foreground, with the file of `properties_file` inherited: command lines are public."""
    return [
        "bash",
        str(_home() / "bin" / "spark-submit"),
        "--class",
        SERVER_CLASS,
        "--properties-file",
        f"/proc/self/fd/{handle}",
        "spark-internal",
    ]


def environment() -> dict[str, str]:
    """Of a server's process: its Python workers are this very Python, with the packages that user-defined functions need."""
    return {"PYSPARK_PYTHON": sys.executable, **os.environ}


def properties_file(values: dict[str, str]) -> int:
    """Java properties as an open file in memory, for a child to inherit: keys in it never reach a disk."""
    lines = "".join(f"{name}={_escaped(value)}\n" for name, value in values.items())
    made = os.memfd_create("spark.properties")
    handle = fcntl.fcntl(made, fcntl.F_DUPFD, ABOVE_SHELLS)
    os.close(made)
    os.write(handle, lines.encode("ascii"))
    return handle


def _escaped(text: str) -> str:
    return "".join(c if c.isascii() else f"\\u{ord(c):04x}" for c in text.replace("\\", "\\\\"))


class SparkServer:
    """A Spark Connect server on a free loopback port, for the life of this process."""

    def __init__(self, master: str, conf: dict[str, str], s3: S3 | None) -> None:
        self._master, self._conf, self._s3 = master, conf, s3
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False

    def start(self, lost: Callable[[CitylakeError], None]) -> str:
        """The address of the endpoint, once it answers. lost: told, from another thread, when the server ends by itself afterwards.

        Raises CitylakeError.
        """
        check_java()
        port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="citylake-spark-"))
        handle = properties_file(properties(self._master, port, self._conf, self._s3))
        log = self._folder / "server.log"
        with log.open("wb") as out:
            self._process = subprocess.Popen(  # noqa: S603
                ["/bin/sh", "-c", WATCHED, "sh", *command(handle)],
                stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT, cwd=self._folder, env=environment(),
                start_new_session=True, pass_fds=(handle,),
            )  # fmt: skip
        os.close(handle)
        deadline = time.monotonic() + START_SECONDS
        while not _listens("127.0.0.1", port):
            ended = self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                reason = _reason(log)
                self.stop()
                what = f"Apache Spark {'ended while starting' if ended else f'did not start in {START_SECONDS} s'}: {reason}"
                raise CitylakeError("SPARK_START", what, self._master, "The first start downloads Java packages and needs the network")
            time.sleep(0.2)
        Thread(target=self._watch, args=(self._process, log, lost), daemon=True).start()
        return f"sc://127.0.0.1:{port}"

    def _watch(self, process: subprocess.Popen[bytes], log: Path, lost: Callable[[CitylakeError], None]) -> None:
        code = process.wait()
        if self._stopping:
            return
        what = f"Apache Spark ended in the middle of its work (exit code {code}): {_reason(log)}"
        self.stop()
        lost(CitylakeError("SPARK_ENDED", what, self._master, "Run it again; if it ends again, give it more memory or look at that line"))

    def stop(self) -> None:
        self._stopping = True
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def check_endpoint(address: str) -> None:
    """Raises Unreachable when nothing listens at an sc:// address: the client would try for many minutes."""
    parts = urlsplit(address)
    if not _listens(parts.hostname or "", parts.port or 15002, 5):
        remedy = "Start the server (deploy/spark_connect.py), or correct CITYLAKE_SPARK"
        raise Unreachable("SPARK_CONNECT", "no Spark Connect server answers", f"sc://{parts.hostname}:{parts.port or 15002}", remedy)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def _listens(host: str, port: int, seconds: float = 1) -> bool:
    try:
        with socket.create_connection((host, port), timeout=seconds):
            return True
    except OSError:
        return False


def _reason(log: Path) -> str:
    """The line of a server's log that says why it ended."""
    lines = log.read_text(errors="replace").splitlines()
    reasons = [x for x in lines if re.search(r"Exception|Error|error:|unresolved|not found|FAILED", x) and "spark-packages" not in x]
    return " ".join((reasons or lines or ["its log is empty"])[-1].split())[:300]


def fetch_packages() -> None:
    """The Java packages of Spark, where this user's folder of them does not have them yet. Raises CitylakeError."""
    cached = Path.home() / ".ivy2.5.2" / "jars"
    if all((cached / "{}_{}-{}.jar".format(*package.split(":"))).is_file() for package in PACKAGES):
        return
    print("Fetching the Java packages of Spark: 56 MB", flush=True)
    server = SparkServer("local[1]", {}, None)
    server.start(lambda _: None)
    server.stop()
