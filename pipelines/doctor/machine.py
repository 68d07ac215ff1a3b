"""Checks of this machine: settings, packages, contracts, key, memory, Java.

Here: checks that need no server. Not here: the stores and the database (`stores`), the engine (`engine`).
"""

from __future__ import annotations

import importlib.metadata as metadata
import os
import platform
import pwd
import stat
from collections.abc import Collection
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipelines.doctor.checks import NotUsed
from pipelines.taking_part import contracts_of
from resources import spark
from resources.engine import TIME_ZONE
from resources.errors import CitylakeError
from resources.keys import read_key
from resources.settings import CONFIG_VARIABLE, DEFAULT_CONFIG, SECRETS_VARIABLE, Settings
from resources.store import is_bucket

SHOWN_PACKAGES = ("pyspark", "pysail", "delta-spark", "deltalake", "dagster", "pyarrow")
"""The packages whose versions are shown."""
OTHERS = stat.S_IRWXG | stat.S_IRWXO
CONTAINER_MEMORY = Path("/sys/fs/cgroup/memory.max")
IVY = ".ivy2.5.2"
"""Where Spark caches the Java packages it has downloaded, below the user's home."""


def sources() -> str:
    """Say where the settings come from."""
    config = Path(os.environ.get(CONFIG_VARIABLE, DEFAULT_CONFIG))
    secrets = os.environ.get(SECRETS_VARIABLE)
    variables = sum(n.startswith("CITYLAKE_") for n in os.environ if n not in (CONFIG_VARIABLE, SECRETS_VARIABLE))
    files = sum(p.name.startswith("citylake_") for p in Path(secrets).iterdir()) if secrets else 0
    file = str(config.resolve()) if config.is_file() else "no settings file"
    return f"{file}, {files} secret files, {variables} environment variables"


def packages() -> str:
    """Every package has a version that the project supports."""
    from packaging.requirements import Requirement

    try:
        wanted = [Requirement(r) for r in metadata.requires("citylake") or []]
    except metadata.PackageNotFoundError:
        raise CitylakeError("PACKAGES", "citylake is not installed as a package", "Python", "Install it with pip") from None
    wrong = []
    for requirement in wanted:
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{requirement} is missing")
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement} is {version}")
    if wrong:
        raise CitylakeError("PACKAGES", "; ".join(wrong), f"Python {platform.python_version()}", "Install the versions of requirements.txt")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in SHOWN_PACKAGES)
    return f"Python {platform.python_version()}, {len(wanted)} requirements met: {versions}"


def contracts(departments: Collection[str] = ()) -> str:
    """Every contract can be loaded, and the departments that take part are known. departments: these; none: all."""
    known = contracts_of(departments)
    delivered = [c for c in known.values() if c.delivery]
    return f"{len(known)} contracts, {len(delivered)} of delivered tables of {len({c.domain for c in delivered})} departments"


def key(settings: Settings) -> str:
    """The pseudonym key exists, is private, and lies outside the lake and the landing zone."""
    path, keep = settings.key_file, "Store the key where only this account can read it"
    try:
        read_key(path)
        mode = path.stat().st_mode
    except OSError as e:
        raise CitylakeError("KEY_UNREADABLE", f"the pseudonym key cannot be read ({e.strerror})", str(path), keep) from None
    for name, place in (("lake", settings.lake), ("landing zone", settings.landing)):
        if not is_bucket(place) and path.is_relative_to(place):
            what = f"the pseudonym key lies inside the {name}: whoever can read the {name} can reverse every pseudonym"
            raise CitylakeError("KEY_PLACE", what, str(path), "Move the key elsewhere and set CITYLAKE_KEY_FILE")
    if mode & OTHERS:
        what = f"other accounts than its owner may use the pseudonym key (mode {stat.S_IMODE(mode):04o})"
        raise CitylakeError("KEY_OPEN", what, str(path), f"chmod 600 {path}")
    return f"found, readable by its owner only (mode {stat.S_IMODE(mode):04o})"


def capacity(settings: Settings) -> str:
    """Report cores, memory and time zone; Spark must not take more than half of its container's memory."""
    try:
        ZoneInfo(TIME_ZONE)
    except ZoneInfoNotFoundError:
        raise CitylakeError("TIME_ZONE", f"the time zone {TIME_ZONE} is not known", "Python", "Install the package tzdata") from None
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _container_memory()
    named = settings.spark_conf.get("spark.driver.memory")
    found = [f"{len(os.sched_getaffinity(0))} cores", f"{total / 2**30:.1f} GiB memory"]
    found += [f"{limit / 2**30:.1f} GiB of it for this container"] if limit else []
    taken = int(spark.memory().rstrip("m")) << 20
    if settings.engine == "spark" and not settings.spark.startswith("sc://"):
        found.append(f"Spark's driver takes {named or f'{taken / 2**30:.1f} GiB'}")
        if limit and not named and taken > limit // 2:
            what = f"Spark's driver would take {taken / 2**30:.1f} GiB, the container may use {limit / 2**30:.1f}"
            remedy = f'Set spark_conf = {{"spark.driver.memory" = "{limit // 2 >> 20}m"}}'
            raise CitylakeError("MEMORY", what, "this container", remedy)
    return f"{', '.join(found)}; the lake's time zone is {TIME_ZONE}, whatever this machine's"


def _container_memory() -> int | None:
    try:
        said = CONTAINER_MEMORY.read_text().strip()
    except OSError:
        return None
    return int(said) if said.isdigit() else None


def java(settings: Settings) -> str:
    """Spark finds a Java and its packages."""
    if settings.engine != "spark":
        raise NotUsed("the embedded engine needs no Java")
    if settings.spark.startswith("sc://"):
        raise NotUsed("the Spark server brings its own Java")
    program = spark.check_java()
    return f"Java {spark.java_version(program)} at {program}; {_jars(settings)}"


def _jars(settings: Settings) -> str:
    if not spark.packages():
        return "the Java packages are part of the installation"
    try:
        home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        home = Path.home()
    folder = Path(settings.spark_conf.get("spark.jars.ivy", home / IVY)) / "jars"
    names = [p.split(":") for p in spark.PACKAGES]
    there = sum((folder / f"{group}_{artifact}-{version}.jar").is_file() for group, artifact, version in names)
    rest = "" if there == len(names) else "; Spark downloads the others when it first starts"
    return f"{there} of {len(names)} Java packages are downloaded{rest}"
