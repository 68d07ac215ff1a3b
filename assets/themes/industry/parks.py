"""The industrial and development parks: who is in them, what their lists say wrongly, and how they do month by month.

Here: `entity_address`, `park_member`, `park_month`. Not here: the borders of parks (`assets.base.geography`). The list of its
administration says who is in a park; a firm that is registered within the borders and not on the list, and the reverse, is a difference
that is shown and counted, and changes no figure. Source: domain rules E6.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.base.geography.address import at_standard_address, place_key, village_names, with_elements
from assets.dates import first_day, month_of
from assets.declare import cleansed, lake_asset, table
from assets.flags import flags
from assets.indicators import percent
from assets.joins import anti_join, left_join_lookup, semi_join
from assets.places import within
from assets.themes.industry.land import in_mu, revenue_per_mu, tax_per_mu
from assets.themes.industry.lives import DATES, lives, with_entity
from assets.themes.industry.measured import LINEAGE, lineage
from assets.touch import own, units, via
from standards.industries import ABOVE_SCALE, INDUSTRY

DOOR = 6
"""Level of an address that names a door."""
ALWAYS, FOR_EVER = "0001-01-01", "9999-12-31"
SQUARE_METRES, HUNDREDTHS = 10_000, 100
MEMBER = ("park_code", "uscc")
PARK_MEMBER = (
    *MEMBER, "entity_uid", "listed", "moved_in", "moved_out", "address_no", "lies_in", "counts", "flags", *LINEAGE,
)  # fmt: skip
SUMS = ("insured", "tax_yuan", "invoiced_yuan", "kwh", "output_yuan", "revenue_yuan", "value_added_yuan")
GROWING = {"tax_yuan": "tax_growth", "revenue_yuan": "revenue_growth"}
"""Sum -> its growth."""
PARK_MONTH = (
    "park_code", "month", "name", "level", "county6", "industrial_m2", "land_mu", "enterprises", "active", "above_scale", *SUMS,
    "tax_per_mu", "revenue_per_mu", "tax_growth", "revenue_growth", "elsewhere", "unlisted",
)  # fmt: skip


@lake_asset(
    "themes/industry/entity_address",
    unit=units(uscc="uscc"),
    touch={"entity": own(uscc="uscc", reads=("uscc", "address"))},
)
def entity_address(
    entity: DataFrame = table("base/legal_entity/entity"), division: DataFrame = table("base/geography/division", optional=True)
) -> DataFrame:
    """One row per entity with a credit code whose registered address names a door, key uscc: uscc, place_key."""
    rows = entity.where(F.col("uscc").isNotNull() & F.col("address").isNotNull()).select(
        "uscc", "address", F.lit(None).cast("string").alias("_stated")
    )
    read = with_elements(rows, "address", "_stated", village_names(division)).where(F.col("parse_level") >= DOOR)
    return read.select("uscc", place_key().alias("place_key"))


def registered_in(place: DataFrame, address: DataFrame, park: DataFrame) -> DataFrame:
    """Where entities are registered, of those whose address is a standard address: uscc, address_no, lies_in (a park in force, or NULL)."""
    placed = place.transform(at_standard_address, address).where(F.col("address_no").isNotNull())
    return within(placed, park.where(F.col("until").isNull()), "park_code", name="lies_in").select("uscc", "address_no", "lies_in")


def at_one_time(rows: DataFrame) -> DataFrame:
    """Those rows of lists that overlap with the same firm's row of another list: MEMBER, twice, and beaten: the other one counts.

    The one in whose park the firm is registered counts, else the one that it moved into last.

    rows: MEMBER, moved_in, moved_out, lies_in.
    """
    here, begin = F.coalesce(F.col("lies_in") == F.col("park_code"), F.lit(False)), F.coalesce("moved_in", F.lit(ALWAYS).cast("date"))
    order = Window.partitionBy("uscc").orderBy(here.desc(), begin.desc(), "park_code")
    end = F.coalesce("moved_out", F.lit(FOR_EVER).cast("date"))
    mine = rows.select(*MEMBER, begin.alias("begin"), end.alias("end"), F.row_number().over(order).alias("place"))
    other = mine.withColumnsRenamed({c: f"_{c}" for c in ("park_code", "begin", "end", "place")})
    overlap = (F.col("park_code") != F.col("_park_code")) & (F.col("_begin") <= F.col("end")) & (F.col("begin") <= F.col("_end"))
    found = other.join(mine, ["uscc"]).where(overlap).groupBy(*MEMBER)
    return found.agg(F.lit(True).alias("twice"), F.max(F.col("_place") < F.col("place")).alias("beaten"))


@lake_asset(
    "themes/industry/park_member",
    unit=units(uscc="uscc"),
    touch={
        "listing": own(uscc="uscc"),
        "entity": own(uscc="uscc", reads=("entity_uid", "uscc", "status", *DATES, "entity_kind")),
        "place": own(uscc="uscc"),
        "address": via("place", on=(place_key,), to=("place_key",), uscc="uscc"),
    },
)
def park_member(
    listing: DataFrame = cleansed("development_reform/park_enterprise"),
    entity: DataFrame = table("base/legal_entity/entity"),
    place: DataFrame = table("themes/industry/entity_address"),
    address: DataFrame = table("base/geography/address", optional=True),
    park: DataFrame = table("base/geography/park"),
) -> DataFrame:
    """One row per park and enterprise that its list has, or that is registered within its borders, key (park_code, uscc).

    Columns PARK_MEMBER. counts: the list says so, and the figures of the park are made of it: of lists that have a firm at one time, one.
    flags: NO_ENTITY nobody has the number; GONE it has ended, and the list does not say that it has left; ELSEWHERE it is registered
    outside; NO_POSITION its address is no standard address; NOT_LISTED it is registered within the borders, exists, and the list does not
    have it or says that it has left; TWICE another park's list has it at the same time.
    """
    registered = registered_in(place, address, park)
    known = lives(entity).select("entity_uid", "entity_kind", "gone")
    listed = (
        listing.select(*MEMBER, "moved_in", "moved_out", *lineage())
        .withColumn("listed", F.lit(True))
        .transform(left_join_lookup, registered, "uscc")
    )
    unlisted = registered.where(F.col("lies_in").isNotNull()).withColumns({"park_code": F.col("lies_in"), "listed": F.lit(False)})
    enterprise = (F.col("entity_kind") == "ENTERPRISE") & F.col("gone").isNull()
    rows = (
        listed.unionByName(unlisted.transform(anti_join, listed, MEMBER), allowMissingColumns=True)
        .transform(with_entity, entity)
        .transform(left_join_lookup, known, "entity_uid")
        .where(F.col("listed") | enterprise)
        .transform(left_join_lookup, at_one_time(listed), MEMBER)
    )
    there = F.col("listed") & F.col("moved_out").isNull()
    placed, here = F.col("address_no").isNotNull(), F.coalesce(F.col("lies_in") == F.col("park_code"), F.lit(False))
    found = {
        "NO_ENTITY": F.col("listed") & F.col("entity_uid").isNull(),
        "GONE": there & F.col("gone").isNotNull(),
        "ELSEWHERE": there & placed & ~here,
        "NO_POSITION": there & F.col("entity_uid").isNotNull() & ~placed,
        "NOT_LISTED": ~there & here & enterprise,
        "TWICE": F.col("twice"),
    }
    counts = F.col("listed") & F.col("entity_uid").isNotNull() & ~F.coalesce("beaten", F.lit(False))
    return rows.withColumns({"counts": counts, "flags": flags(found)}).select(*PARK_MEMBER)


def in_month(begin: str, end: str) -> Column:
    """Over rows with a month: it has a day from `begin` to `end`, both included, NULL for always."""
    started = F.col(begin).isNull() | (F.col(begin) <= F.last_day(first_day()))
    return started & (F.col(end).isNull() | (F.col(end) >= first_day()))


@lake_asset(
    "themes/industry/park_month",
    unit=units(park="park_code"),
    touch={
        "park": own(park="park_code"),
        "member": own(park="park_code"),
        "entities": via("member", on=("entity_uid",), to=("entity_uid",), park="park_code"),
    },
)
def park_month(
    park: DataFrame = table("base/geography/park"),
    member: DataFrame = table("themes/industry/park_member"),
    entities: DataFrame = table("themes/industry/entity_month"),
) -> DataFrame:
    """One row per park and month in which the park and an enterprise of it exist, key (park_code, month), columns PARK_MONTH.

    enterprises: alive at the end of the month. above_scale: of them, those of industry with a reported revenue of 20 million yuan in the
    year of the month. Sums in yuan and kWh, per mu in 10,000 yuan per mu of developed industrial land, growth in percent of the same month
    of the year before. elsewhere: of the enterprises, those registered outside; unlisted: enterprises registered within the borders that
    the list does not have, which are in no figure; both by the addresses of today.
    """
    outside = F.array_contains("flags", "ELSEWHERE").alias("outside")
    firms = member.where(F.col("entity_uid").isNotNull() & (F.col("counts") | ~F.col("listed"))).select(
        "park_code", "entity_uid", "listed", "moved_in", "moved_out", outside
    )
    months = entities.transform(semi_join, firms.select("entity_uid").distinct(), ["entity_uid"]).select(
        "entity_uid", F.substring("month", 1, 4).alias("year"), "month", "section", "alive", "active", *SUMS
    )
    yearly = months.groupBy("entity_uid", "year").agg(F.sum("revenue_yuan").alias("of_year"))
    rows = firms.join(months, ["entity_uid"]).where(in_month("moved_in", "moved_out"))
    borders = park.select("park_code", "name", "level", "county6", "since", F.date_sub("until", 1).alias("last"), "industrial_ha")
    alive = F.col("listed") & F.col("alive")
    large = F.col("section").isin(*INDUSTRY) & (F.col("of_year") >= ABOVE_SCALE)
    counted = {
        "enterprises": alive, "active": F.col("listed") & F.col("active"), "above_scale": alive & large,
        "elsewhere": alive & F.col("outside"), "unlisted": ~F.col("listed") & F.col("alive"),
    }  # fmt: skip
    sums = [F.coalesce(F.sum(F.when(F.col("listed"), F.col(c))), F.lit(0)).alias(c) for c in SUMS]
    monthly = (
        rows.transform(left_join_lookup, yearly, ("entity_uid", "year"))
        .groupBy("park_code", "month")
        .agg(*[F.count_if(of).cast("int").alias(c) for c, of in counted.items()], *sums)
        .transform(left_join_lookup, borders, "park_code")
        .where(F.col("name").isNotNull() & in_month("since", "last"))
    )
    before = monthly.select(
        "park_code", month_of(lambda: F.add_months(first_day(), 12)).alias("month"), *[F.col(c).alias(f"{c}_before") for c in GROWING]
    )
    land = (F.col("industrial_ha") * SQUARE_METRES).cast("decimal(16,2)")
    return (
        monthly.transform(left_join_lookup, before, ("park_code", "month"))
        .withColumn("industrial_m2", land)
        .withColumns(
            {
                "land_mu": in_mu(F.col("industrial_m2")),
                "tax_per_mu": tax_per_mu(F.col("tax_yuan"), F.col("industrial_m2")),
                "revenue_per_mu": revenue_per_mu(F.col("revenue_yuan"), F.col("industrial_m2")),
                **{name: _grown(c) for c, name in GROWING.items()},
            }
        )
        .select(*PARK_MONTH)
    )


def _grown(column: str) -> Column:
    now, before = ((F.col(c) * HUNDREDTHS).cast("bigint") for c in (column, f"{column}_before"))
    return percent(now - before, before)
