"""A run launcher with health checks: a run whose process is gone fails and may be started again.

Here: whether the process of a run still exists. Not here: how often that is checked and what follows (`deploy/dagster.yaml`).
Dagster's default launcher starts runs the same way but has no health check, so a run that died with its code server would
count as running until its timeout. The check asks the code server that started the run, which must be `dagster api grpc`.
"""

from __future__ import annotations

import dagster as dg
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import deserialize_value

SECONDS_TO_ANSWER = 10


class WatchedRunLauncher(dg.DefaultRunLauncher):
    """Dagster's default launcher with a health check of runs."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Return RUNNING while the server has the run's process or does not answer, FAILED when it has no such process.

        A server that does not answer is most likely restarting: then it soon answers that it has no such process.
        """
        client = self._get_grpc_client_for_termination(run.run_id)
        if client is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "the run has ended or has no server yet")
        try:
            answer = client.can_cancel_execution(CanCancelExecutionRequest(run_id=run.run_id), timeout=SECONDS_TO_ANSWER)
        except DagsterUserCodeUnreachableError:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "the code server does not answer")
        if deserialize_value(answer, CanCancelExecutionResult).can_cancel:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(
            WorkerStatus.FAILED, "the code server has no process of this run: it was restarted, or the process died"
        )
