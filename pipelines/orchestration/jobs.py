"""The jobs an engineer starts or schedules, each with one purpose."""

from __future__ import annotations

import dagster as dg

from pipelines.orchestration.assets import REBUILD_TAG
from pipelines.orchestration.partitions import BUSINESS_DATES
from resources.engine import TIME_ZONE

LAYERS_AFTER_RAW = ("cleansed", "base", "themes")


def _layer(layer: str) -> dg.AssetSelection:
    return dg.AssetSelection.key_prefixes([layer])


UPKEEP = dg.AssetSelection.assets(["operations", "maintenance"])
EVERYTHING_MADE = dg.AssetSelection.key_prefixes(*[[layer] for layer in LAYERS_AFTER_RAW]) | (_layer("operations") - UPKEEP)

nightly = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all() - UPKEEP,
    partitions_def=BUSINESS_DATES,
    description="One business date, whole: take in what was delivered for it, cleanse, make base and thematic tables, release.",
)
ingest = dg.define_asset_job(
    "ingest",
    selection=_layer("raw"),
    partitions_def=BUSINESS_DATES,
    description="Only take in what was delivered for one business date, such as a late drop; the next nightly run carries it on.",
)
rebuild = dg.define_asset_job(
    "rebuild",
    selection=EVERYTHING_MADE,
    tags={REBUILD_TAG: "true"},
    description="Make everything after raw anew from all raw batches. The tables come out row for row as the nights made them.",
)
maintenance = dg.define_asset_job(
    "maintenance",
    selection=UPKEEP,
    description="Put small files together and remove what nobody needs or is promised any more; nothing that a reader sees changes.",
)
ALL = (nightly, ingest, rebuild, maintenance)
SCHEDULES = (
    dg.build_schedule_from_partitioned_job(
        nightly,
        name="nightly_at_two",
        description="At 02:00 the business date that has just ended.",
        hour_of_day=2,
        minute_of_hour=0,
    ),
    dg.ScheduleDefinition(
        job=maintenance,
        name="maintenance_on_saturdays",
        description="On Saturdays at noon, far from the nights.",
        cron_schedule="0 12 * * 6",
        execution_timezone=TIME_ZONE,
    ),
)
