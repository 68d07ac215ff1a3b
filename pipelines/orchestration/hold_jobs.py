"""Jobs that release or refuse a held delivery in Dagster.

Here: the decision as a run, so that Dagster's history records it. Not here: its effect (`pipelines.control.holds`).
"""

from datetime import date

import dagster as dg
from pydantic import Field

from pipelines.control.holds import HoldState
from pipelines.runtime import Runtime


class Decision(dg.Config):
    """The held delivery, the person who decides, and the reason."""

    table: str = Field(description="The table, such as health/staff.")
    business_date: str = Field(description="The date of the held delivery, YYYY-MM-DD.")
    why: str = Field(description="The reason, for later readers of operations/hold.")
    who: str = Field(description="The person who decides.")


def _decide(context: dg.OpExecutionContext, config: Decision, decision: HoldState) -> None:
    runtime: Runtime = context.resources.runtime
    hold = runtime.holds.decide(config.table, date.fromisoformat(config.business_date), decision, who=config.who, why=config.why)
    context.log.info(f"{hold.name} of {hold.business_date}, {hold.rows} rows, {hold.state} by {hold.who}")


@dg.op(required_resource_keys={"runtime"})
def release(context: dg.OpExecutionContext, config: Decision) -> None:
    _decide(context, config, HoldState.RELEASED)


@dg.op(required_resource_keys={"runtime"})
def refuse(context: dg.OpExecutionContext, config: Decision) -> None:
    _decide(context, config, HoldState.REFUSED)


@dg.job(description="Release a held delivery (`citylake holds` lists them): the next run, or the sensor, ingests it once.")
def release_hold() -> None:
    release()


@dg.job(description="Refuse a held delivery for good; a corrected drop of the same date is ingested as any other.")
def refuse_hold() -> None:
    refuse()


ALL = (release_hold, refuse_hold)
