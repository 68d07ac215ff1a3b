"""Tables of a run that are made at once: who works, what one of them costs the others, and how all end."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from uuid import uuid4

import dagster as dg
import pytest
from dagster._core.errors import DagsterExecutionInterruptedError

from pipelines.orchestration.executor import run_here, tables_at_once
from pipelines.room import Room
from resources.engine import Sail
from resources.turns import ending, given_way, turn

Step = Callable[[dg.AssetExecutionContext], None]
SECONDS = 20
"""After which a test has failed that waits for another thread."""


def asset(name: str, work: Step, deps: Sequence[str] = ()) -> dg.AssetsDefinition:
    @dg.asset(name=name, deps=list(deps))
    def step(context: dg.AssetExecutionContext) -> None:
        work(context)

    return step


def run(*assets: dg.AssetsDefinition, at_once: int = 2) -> tuple[dict[str, bool], list[str]]:
    """Of each step that started whether it was made; and the kinds of all events."""
    job = dg.define_asset_job("night", selection=dg.AssetSelection.all())
    defs = dg.Definitions(assets=list(assets), jobs=[job], executor=tables_at_once(at_once))
    with dg.DagsterInstance.ephemeral() as instance:
        events = run_here(defs.resolve_job_def("night"), instance, run_id=str(uuid4()), tags={})
    ended = {e.step_key or "": e.is_step_success for e in events if e.is_step_success or e.is_step_failure}
    return ended, [e.event_type_value for e in events]


def nothing(_: dg.AssetExecutionContext) -> None:
    pass


def fails(_: dg.AssetExecutionContext) -> None:
    raise dg.Failure("the gate does not hold", allow_retries=False)


def test_while_the_engine_works_for_one_table_another_one_is_made() -> None:
    met = threading.Barrier(2, timeout=SECONDS)

    def meets(_: dg.AssetExecutionContext) -> None:
        with given_way():
            met.wait()

    assert run(asset("a", meets), asset("b", meets))[0] == {"a": True, "b": True}


def test_one_at_once_is_one_after_the_other() -> None:
    at_work: list[str] = []

    def alone(context: dg.AssetExecutionContext) -> None:
        assert not at_work
        at_work.append(context.op_execution_context.op.name)
        with given_way():
            time.sleep(0.1)
        at_work.clear()

    assert run(asset("a", alone), asset("b", alone), at_once=1)[0] == {"a": True, "b": True}


def test_between_two_requests_to_the_engine_no_other_table_works() -> None:
    at_work: list[int] = []

    def works(_: dg.AssetExecutionContext) -> None:
        for _ in range(20):
            at_work.append(threading.get_ident())
            time.sleep(0.001)
            assert at_work == [threading.get_ident()], "another thread came in between"
            at_work.clear()
            with given_way():
                time.sleep(0.001)

    assert run(*[asset(name, works) for name in "abcd"], at_once=4)[0] == dict.fromkeys("abcd", True)


def test_one_that_fails_holds_back_only_what_is_made_from_it() -> None:
    made, kinds = run(asset("a", fails), asset("b", nothing), asset("from_a", nothing, ["a"]), asset("from_b", nothing, ["b"]))
    assert made == {"a": False, "b": True, "from_b": True}
    assert kinds[-1] == "PIPELINE_FAILURE"


def test_one_that_asks_for_a_retry_gets_it_while_another_one_works() -> None:
    again = threading.Event()

    def asks(context: dg.AssetExecutionContext) -> None:
        if context.retry_number == 0:
            raise dg.RetryRequested(max_retries=1, seconds_to_wait=0.1)
        again.set()

    def waits(_: dg.AssetExecutionContext) -> None:
        with given_way():
            assert again.wait(SECONDS)

    assert run(asset("a", asks), asset("b", waits))[0] == {"a": True, "b": True}


@pytest.fixture(scope="module")
def sail() -> Iterator[Sail]:
    engine = Sail()
    yield engine
    engine.stop()


def test_an_interrupt_ends_all_that_wait_for_the_engine(sail: Sail) -> None:
    asked = threading.Barrier(3, timeout=SECONDS)
    ends: list[str] = []

    def asks(context: dg.AssetExecutionContext) -> None:
        rows = sail.session.sql("SELECT sum(a.id * b.id) FROM range(100000) a CROSS JOIN range(100000) b")
        with given_way():
            asked.wait()
        try:
            rows.collect()
        except DagsterExecutionInterruptedError:
            ends.append(context.op_execution_context.op.name)
            raise

    def interrupts() -> None:
        asked.wait()
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupts, daemon=True).start()
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run(asset("a", asks), asset("b", asks))
    assert sorted(ends) == ["a", "b"]
    assert time.monotonic() - begin < SECONDS


def test_a_large_table_is_made_alone() -> None:
    sizes = {"a": 40, "b": 50, "c": 1000}
    room, at_work, beside = Room(sizes.__getitem__, most=100), [], []
    met = threading.Barrier(2, timeout=SECONDS)

    def small(table: str) -> None:
        with room.of(f"made of {table}", [table]):
            at_work.append(table)
            met.wait()
            at_work.remove(table)

    def large() -> None:
        with room.of("made of c", ["c"]):
            beside.extend(at_work)

    threads = [threading.Thread(target=small, args=(table,), daemon=True) for table in "ab"]
    threads.append(threading.Thread(target=large, daemon=True))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert not met.broken, "two small ones are made at the same time"
    assert not any(thread.is_alive() for thread in threads)
    assert beside == []


def test_a_table_is_measured_again_when_it_was_made_again() -> None:
    asked = []
    room = Room(lambda table: asked.append(table) or 1)  # type: ignore[func-returns-value]
    for table, reads in (("person", ["resident"]), ("archive", ["person", "resident"]), ("person", ["resident"]), ("list", ["person"])):
        with room.of(table, reads):
            pass
    assert asked == ["resident", "person", "person"]


def test_a_table_that_is_ended_while_it_waits_for_room_leaves_it() -> None:
    room = Room(lambda table: 1, most=1)
    with turn(), ending(KeyboardInterrupt), pytest.raises(KeyboardInterrupt), room.of("a", ["b"]):
        pytest.fail("it has begun")
    with turn(), room.of("a", ["b"]):
        assert room._at_work == [1]


def test_a_table_that_is_ended_before_it_has_room_leaves_that_of_others_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(condition: Callable[[], bool]) -> None:
        raise KeyboardInterrupt

    room = Room(lambda table: 1, most=1)
    with room.of("a", ["b"]):
        monkeypatch.setattr(room._left, "wait_for", interrupted)
        with pytest.raises(KeyboardInterrupt), room.of("c", ["d"]):
            pytest.fail("it has begun")
        assert room._at_work == [1]
