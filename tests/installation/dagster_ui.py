"""Dagster as its UI speaks to it: GraphQL through the web server."""

from __future__ import annotations

import json
import time
import urllib.request
from dataclasses import dataclass
from typing import Any

LAUNCH = """
mutation Launch($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
  }
}
"""
RUN = """
query Run($id: ID!) {
  runOrError(runId: $id) {
    __typename
    ... on Run { status stats { ... on RunStatsSnapshot { enqueuedTime launchTime } } }
  }
}
"""
MESSAGES = """
query Messages($id: ID!) {
  logsForRun(runId: $id, limit: 1000) {
    ... on EventConnection { events { ... on MessageEvent { message level } ... on ErrorEvent { error { message cause { message } } } } }
  }
}
"""
RETRY = """
query Retry($filter: RunsFilter!) { runsOrError(filter: $filter) { ... on Runs { results { runId } } } }
"""
DAEMONS = "query Daemons { instance { daemonHealth { allDaemonStatuses { daemonType required healthy } } } }"
ENDED = ("SUCCESS", "FAILURE", "CANCELED")


@dataclass(frozen=True)
class DagsterUi:
    url: str

    def ask(self, query: str, **variables: Any) -> Any:
        request = urllib.request.Request(
            f"{self.url}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            told = json.load(answer)
        assert "errors" not in told, told["errors"]
        return told["data"]

    def launch(self, job: str, partition: str) -> str:
        """Put a run of one partition into the queue; its id."""
        params = {
            "selector": {"repositoryLocationName": "citylake", "repositoryName": "__repository__", "jobName": job},
            "mode": "default",
            "runConfigData": {},
            "executionMetadata": {"tags": [{"key": "dagster/partition", "value": partition}]},
        }
        answer = self.ask(LAUNCH, params=params)["launchRun"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return str(answer["run"]["runId"])

    def run(self, run_id: str) -> Any:
        return self.ask(RUN, id=run_id)["runOrError"]

    def wait(self, run_id: str, *statuses: str, seconds: float) -> Any:
        """The run, as soon as it has one of these statuses (by default: has ended)."""
        end = time.monotonic() + seconds
        while (run := self.run(run_id))["status"] not in (statuses or ENDED):
            assert time.monotonic() < end, f"still {run['status']} after {seconds} s: {self.messages(run_id)[-5:]}"
            time.sleep(0.2)
        return run

    def retry_of(self, run_id: str, *, seconds: float) -> str:
        """The run that the daemon has started in place of a lost one."""
        end = time.monotonic() + seconds
        tags = {"tags": [{"key": "dagster/parent_run_id", "value": run_id}]}
        while not (found := self.ask(RETRY, filter=tags)["runsOrError"]["results"]):
            assert time.monotonic() < end, f"not run again after {seconds} s: {self.messages(run_id)[-5:]}"
            time.sleep(0.5)
        return str(found[0]["runId"])

    def unhealthy(self) -> list[str]:
        """The parts of the daemon that should run and do not."""
        told = self.ask(DAEMONS)["instance"]["daemonHealth"]["allDaemonStatuses"]
        assert told
        return [d["daemonType"] for d in told if d["required"] and not d["healthy"]]

    def messages(self, run_id: str) -> list[str]:
        events = self.ask(MESSAGES, id=run_id)["logsForRun"]["events"]
        return [" ".join([e.get("message", ""), (e.get("error") or {}).get("message", "")]).strip() for e in events]

    def failures(self, run_id: str) -> list[str]:
        """Return what the steps of a run failed of, without those that were not run because of them."""
        errors = [e["error"] for e in self.ask(MESSAGES, id=run_id)["logsForRun"]["events"] if e.get("error")]
        return [(e["cause"] or e)["message"] for e in errors]
