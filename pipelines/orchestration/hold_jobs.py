"""Jobs with which a held delivery is released or refused in Dagster.

Here: the decision as a run, so that Dagster's history has it too. Not here: what it does (`pipelines.control.holds`).
"""

from datetime import date

import dagster as dg
from pydantic import Field

from pipelines.runtime import Runtime


class Decision(dg.Config):
    """What is decided, by whom, and why."""

    table: str = Field(description="The table, such as health/staff.")
    business_date: str = Field(description="The date of the held delivery, YYYY-MM-DD.")
    why: str = Field(description="The reason, for those who read the books later.")
    who: str = Field(description="Who decides.")


def _decide(context: dg.OpExecutionContext, config: Decision, event: str) -> None:
    runtime: Runtime = context.resources.runtime
    hold = runtime.holds.decide(config.table, date.fromisoformat(config.business_date), event, who=config.who, why=config.why)
    context.log.info(f"{hold.name} of {hold.business_date}, {hold.rows} rows, {hold.state} by {hold.who}")


@dg.op(required_resource_keys={"runtime"})
def release(context: dg.OpExecutionContext, config: Decision) -> None:
    _decide(context, config, "released")


@dg.op(required_resource_keys={"runtime"})
def refuse(context: dg.OpExecutionContext, config: Decision) -> None:
    _decide(context, config, "refused")


@dg.job(description="Let a held delivery in (`citylake holds` lists them): the next run, or the sensor, takes it in once.")
def release_hold() -> None:
    release()


@dg.job(description="Leave a held delivery out for good; a corrected drop of the same date is taken in as any other.")
def refuse_hold() -> None:
    refuse()


ALL = (release_hold, refuse_hold)
