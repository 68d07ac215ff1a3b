"""What every test may use: one engine for the whole session, and installations in temporary folders."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from uuid import uuid4

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipelines.runtime import Runtime
from resources.engine import Engine, Sail
from resources.keys import create_key
from resources.settings import Settings
from tests import seconds
from tests.departments import ABOUT_PERSONS
from tests.servers.need import ROOT

pytest_plugins = ["tests.proving", "tests.servers.fixtures", "tests.story.first_night"]
BYTECODE = Path(__file__).parents[1] / "build" / "bytecode"
_status: list[int] = []


def pytest_configure() -> None:
    """Where no bytecode may be kept beside the sources, it is kept elsewhere: hundreds of processes import the same libraries."""
    if sys.dont_write_bytecode:
        sys.dont_write_bytecode, sys.pycache_prefix = False, str(BYTECODE)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    _status.append(int(exitstatus))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End at once when everything is said, as the command line does: the interpreter's teardown may abort in a native thread."""
    if _status:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_status[-1])


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, None, None]:
    """What takes long is marked, so that `make test-fast` leaves it out, and begins first."""
    long = {ROOT / file for file in seconds.of_files()}
    for item in items:
        if item.path in long:
            item.add_marker("slow")
    yield
    long_first(items)


def long_first(items: list[pytest.Item]) -> None:
    """The files that take longest first: of several processes, none begins with a long file when the others are done."""
    known = {ROOT / file: taken for file, taken in seconds.of_files().items()}
    slow = {item.path: seconds.AT_LEAST for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: -known.get(item.path, slow.get(item.path, 0)))


@pytest.fixture(autouse=True, scope="session")
def _no_outside_settings() -> None:
    """Settings of the person who runs the tests must not leak into them."""
    for name in [n for n in os.environ if n.startswith("CITYLAKE_")]:
        del os.environ[name]


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    engine = Sail()
    yield engine
    engine.stop()


@pytest.fixture(scope="session")
def spark(engine: Engine) -> SparkSession:
    return engine.session


@pytest.fixture(autouse=True)
def _known_session(request: pytest.FixtureRequest) -> None:
    """Functions in Python ask for the default session, which an engine that ended in a test before has reset."""
    if "spark" in request.fixturenames:
        assert request.getfixturevalue("engine").session


@pytest.fixture(scope="session")
def write(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Callable[[DataFrame], DataFrame]:
    """Writes rows down and gives them back to be read, as a night does in the middle of a step."""
    folder = tmp_path_factory.mktemp("written")

    def checkpoint(rows: DataFrame) -> DataFrame:
        where = str(folder / uuid4().hex)
        rows.write.format("delta").save(where)
        return spark.read.format("delta").load(where)

    return checkpoint


@pytest.fixture
def installation(tmp_path: Path, engine: Engine) -> Callable[..., Runtime]:
    """A lake, a landing zone, an exchange database and a key in a folder of their own: `installation("one")`.

    departments: those that take part.
    """

    def make(name: str = "city", departments: Sequence[str] = ABOUT_PERSONS) -> Runtime:
        root = tmp_path / name
        (root / "landing").mkdir(parents=True)
        settings = Settings(
            lake=str(root / "lake"),
            landing=str(root / "landing"),
            exchange_url=f"sqlite:///{root}/exchange.db",
            key_file=root / "pseudonym.key",
            profile="demo",
            departments=list(departments),
            home=root / "dagster",
        )
        create_key(settings.key_file)
        return Runtime.of(settings, engine)

    return make
