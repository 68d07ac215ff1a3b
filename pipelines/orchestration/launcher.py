"""Runs as processes of the code server, watched: a run whose process is gone ends as failed and may be started again.

Here: is the process of a run still there? Not here: how often that is asked and what follows (`deploy/dagster.yaml`).
Dagster's own launcher starts runs the same way but cannot tell, so a run that went down with its code server would count
as running until its time is over. It asks the server that started the run: that server must be `dagster api grpc`.
"""

from __future__ import annotations

import dagster as dg
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import deserialize_value

SECONDS_TO_ANSWER = 10


class WatchedRunLauncher(dg.DefaultRunLauncher):
    """Dagster's default launcher, and whether a run is still alive."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """RUNNING while the server has the run's process, or cannot be asked; FAILED when it says that it has none.

        A server that cannot be asked is most likely being started again: then it soon answers that the run is not there.
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
