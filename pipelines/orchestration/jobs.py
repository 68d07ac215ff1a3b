"""The jobs and schedules, each with one purpose."""

from __future__ import annotations

import dagster as dg

from pipelines.orchestration.assets import REBUILD_TAG
from pipelines.orchestration.partitions import BUSINESS_DATES
from resources.engine import TIME_ZONE

LAYERS_AFTER_RAW = ("reference", "cleansed", "base", "themes")


def _layer(layer: str) -> dg.AssetSelection:
    return dg.AssetSelection.key_prefixes([layer])


MAINTENANCE = dg.AssetSelection.assets(["operations", "maintenance"])
RELEASE = dg.AssetSelection.assets(["operations", "release"], ["operations", "site"])
AFTER_RAW = dg.AssetSelection.key_prefixes(*[[layer] for layer in LAYERS_AFTER_RAW]) | (_layer("operations") - MAINTENANCE)

nightly = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all() - MAINTENANCE,
    partitions_def=BUSINESS_DATES,
    description="One whole business date: ingest its deliveries, cleanse, make base and thematic tables, release.",
)
ingest = dg.define_asset_job(
    "ingest",
    selection=_layer("raw"),
    partitions_def=BUSINESS_DATES,
    description="Only ingest the deliveries of one business date, such as a late drop; the next nightly run processes them further.",
)
release_night = dg.define_asset_job(
    "release_night",
    selection=RELEASE,
    description="Only release: after a night in which tables failed, everything that belongs together without them; and the site.",
)
rebuild = dg.define_asset_job(
    "rebuild",
    selection=AFTER_RAW,
    tags={REBUILD_TAG: "true"},
    description="Rebuild everything after raw from all raw batches. The result equals, row for row, what the nights made.",
)
maintenance = dg.define_asset_job(
    "maintenance",
    selection=MAINTENANCE,
    description="Compact small files and remove what no kept release needs; nothing that a reader sees changes.",
)
ALL = (nightly, ingest, release_night, rebuild, maintenance)
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
