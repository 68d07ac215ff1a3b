"""Run several tables of a job at once in one process: the engine works for one while another one is planned.

Here: which steps are at work, each in a thread of its own, and what they tell. Not here: who of them works (`resources.turns`), how many
(the setting `tables_at_once`), large tables that work alone (`pipelines.room`).

Dagster's own executors run one step after the other, or start a process for each step, which would load the libraries and connect to an
engine again for each of some hundred small tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextvars import copy_context
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.errors import DagsterExecutionInterruptedError, raise_execution_interrupts
from dagster._core.events import DagsterEvent
from dagster._core.execution.api import ExecuteRunWithPlanIterable
from dagster._core.execution.context_creation_job import PlanExecutionContextManager
from dagster._core.execution.execute_in_process import core_execute_in_process, merge_run_tags
from dagster._core.execution.plan.execute_plan import dagster_event_sequence_for_step
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext
from dagster._core.execution.retries import RetryMode
from dagster._core.execution.step_dependency_config import StepDependencyConfig
from dagster._core.executor.base import Executor

from pipelines.orchestration.incidents import failure_reason
from resources.turns import ending, turn

if TYPE_CHECKING:
    from dagster._core.execution.context.system import PlanExecutionContext, PlanOrchestrationContext, StepExecutionContext
    from dagster._core.execution.plan.active import ActiveExecution
    from dagster._core.execution.plan.plan import ExecutionPlan

NAME = "tables_at_once"
UNEXPECTED_TERMINATION = "UNEXPECTED_TERMINATION"
"""Why Dagster says that an interrupted run has failed."""
SECONDS_BETWEEN = 1.0
"""At most, until steps that wait for a retry are looked at again while others work."""


def tables_at_once(number: int) -> dg.ExecutorDefinition:
    """Return the executor that runs so many steps at once."""

    @dg.executor(name=NAME, requirements=[])
    def executor(_: dg.InitExecutorContext) -> Executor:
        return TablesAtOnce(number)

    return executor


def run_here(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    *,
    run_id: str,
    tags: Mapping[str, str],
    partition: str | None = None,
    select: Sequence[dg.AssetKey] = (),
    loggers: Mapping[str, Any] | None = None,
) -> Sequence[DagsterEvent]:
    """Run a job in this process with its own executor; `execute_in_process` always takes Dagster's, one step after the other.

    Args:
        job: to run.
        instance: Dagster's storage.
        run_id: of the new run.
        tags: of the run.
        partition: key of the partition to run, if any.
        select: the assets to make; none: all of the job.
        loggers: their part of the run's configuration.

    Returns:
        The events of the run. A step that fails is an event; nothing is raised for it.

    Raises:
        KeyboardInterrupt: somebody interrupted the run. The steps at work have ended.
    """
    merged = merge_run_tags(job, partition, tags, select, instance, None)
    made = core_execute_in_process(
        run_config={"loggers": loggers or {}},
        job=InMemoryJob(job.get_subset(asset_selection=frozenset(select)) if select else job),
        instance=instance,
        output_capturing_enabled=False,
        raise_on_error=False,
        run_tags=merged,
        run_id=run_id,
        asset_selection=frozenset(select),
    )
    if any(e.is_job_failure and failure_reason(e) == UNEXPECTED_TERMINATION for e in made.all_events):
        raise KeyboardInterrupt
    return made.all_events


class TablesAtOnce(Executor):
    """Runs steps in threads of this process, so many at once. number: of steps."""

    def __init__(self, number: int) -> None:
        self._number = number

    @property
    def retries(self) -> RetryMode:
        """Return that steps may ask to be retried."""
        return RetryMode.ENABLED

    def execute(self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan) -> Iterator[DagsterEvent]:
        """Yield the events of a run."""
        resources = PlanExecutionContextManager(
            job=plan_context.job,
            retry_mode=plan_context.retry_mode,
            execution_plan=execution_plan,
            run_config=plan_context.run_config,
            dagster_run=plan_context.dagster_run,
            instance=plan_context.instance,
            raise_on_error=plan_context.raise_on_error,
            output_capture=plan_context.output_capture,
            step_dependency_config=StepDependencyConfig.default(),
        )
        yield from ExecuteRunWithPlanIterable(execution_plan=execution_plan, iterator=self._events, execution_context_manager=resources)

    def _events(self, job_context: PlanExecutionContext, execution_plan: ExecutionPlan) -> Iterator[DagsterEvent]:
        with (
            InstanceConcurrencyContext(job_context.instance, job_context.dagster_run) as slots,
            execution_plan.start(
                retry_mode=job_context.retry_mode,
                instance_concurrency_context=slots,
                step_dependency_config=job_context.step_dependency_config,
            ) as state,
        ):
            yield from _Steps(job_context, state, self._number).events()


class _Steps:
    """The steps of a run that are at work. said: their events, None after the last, or the error that ended the thread."""

    def __init__(self, run: PlanExecutionContext, state: ActiveExecution, number: int) -> None:
        self._run, self._state, self._number = run, state, number
        self._said: SimpleQueue[tuple[str, DagsterEvent | BaseException | None]] = SimpleQueue()
        self._at_work: set[str] = set()

    def events(self) -> Iterator[DagsterEvent]:
        try:
            while not self._state.is_complete:
                with turn():
                    yield from self._start()
                if not self._at_work:
                    self._state.sleep_til_ready()
                    continue
                yield from self._told(SECONDS_BETWEEN)
        except BaseException:
            with ending(DagsterExecutionInterruptedError):
                while self._at_work:
                    yield from self._told(SECONDS_BETWEEN, ended=True)
            raise

    def _start(self) -> Iterator[DagsterEvent]:
        """Start as many steps as may work at once."""
        free = self._number - len(self._at_work)
        steps = self._state.get_steps_to_execute(limit=free) if free else []
        yield from self._state.concurrency_event_iterator(self._run)
        for step in steps:
            self._at_work.add(step.key)
            context = self._run.for_step(step, self._state.get_known_state())
            Thread(target=copy_context().run, args=(_work, context, self._said), name=step.key, daemon=True).start()

    def _told(self, seconds: float, *, ended: bool = False) -> Iterator[DagsterEvent]:
        """The next event of the steps at work, if there is one within so many seconds. ended: what ended their threads is known."""
        try:
            with raise_execution_interrupts():
                key, said = self._said.get(timeout=seconds)
        except Empty:
            return
        with turn():
            if isinstance(said, DagsterEvent):
                yield said
                self._state.handle_event(said)
                return
            self._at_work.discard(key)
            if said is None:
                self._state.verify_complete(self._run, key)
                yield from self._state.plan_events_iterator(self._run)
            elif not ended:
                raise said


def _work(context: StepExecutionContext, said: SimpleQueue[tuple[str, DagsterEvent | BaseException | None]]) -> None:
    """Run a step in its thread."""
    key, last = context.step.key, None
    with turn():
        try:
            for event in dagster_event_sequence_for_step(context):
                said.put((key, event))
        except BaseException as e:
            last = e
    said.put((key, last))
