"""What is asked: every rule with its values and options, every other function of Columns that `standards` offers, every built-in.

Here: tables. A rule, a function or a built-in that is missing here fails `test_both_engines.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards import (
    addresses,
    air_quality,
    arrays,
    black_odorous,
    buses,
    calendar,
    checksums,
    city_events,
    codes,
    coordinates,
    divisions,
    identity,
    industries,
    land_efficiency,
    land_use,
    licence_id,
    masking,
    moments,
    names,
    numbers,
    organisations,
    phones,
    plates,
    positions,
    public_safety,
    rounding,
    sensors,
    surface_water,
    tables,
    text,
    traffic,
    units,
    vital_signs,
)
from tests.standards.corpus.values import (
    CLOCKS,
    DAYS,
    DEGREES,
    GEOMETRIES,
    LICENCES,
    MOMENTS,
    ORGANISATIONS,
    PLATES,
    QUALIFIED,
    TEXTS,
    VINS,
)  # fmt: skip

RULES: dict[str, list[tuple[list[str], dict[str, Any]]]] = {
    "identity": [(TEXTS, {}), (TEXTS, {"test_divisions": True})],
    "person_name": [(TEXTS, {})],
    "phone": [(TEXTS, {})],
    "division": [(TEXTS, {}), (TEXTS, {"digits": 6})],
    "code": [(TEXTS, {"code_list": "sex"}), (TEXTS, {"code_list": "ethnic", "code_map": {"İ": "01", "ß": "02", "é": "03"}})],
    "date": [(TEXTS + DAYS + MOMENTS, {}), (DAYS, {"excel": True})],
    "timestamp": [(TEXTS + DAYS + MOMENTS, {})],
    "clock": [(TEXTS + DAYS + MOMENTS + CLOCKS, {})],
    "month": [(TEXTS + DAYS, {})],
    "integer": [
        (TEXTS, {"physical_type": "int", "minimum": 0, "maximum": 250}),
        (TEXTS, {"physical_type": "bigint"}),
        (TEXTS, {"physical_type": "int", "minimum": 30, "maximum": 320, "units": {"kPa": 7.5}}),
    ],
    "decimal": [
        (TEXTS, {"physical_type": "decimal(12,2)", "minimum": -1e6, "maximum": 1e6}),
        (TEXTS, {"physical_type": "decimal(38,10)"}),
        (TEXTS, {"physical_type": "decimal(12,2)", "json": True}),
        (TEXTS, {"physical_type": "decimal(5,1)", "minimum": 30, "maximum": 250, "units": {"m": 100.0, "mg/dL": 0.055556}}),
        (TEXTS + QUALIFIED, {"physical_type": "decimal(12,3)", "minimum": 0, "maximum": 1e6, "companions": ("qualifier",)}),
    ],
    "degrees": [(TEXTS + DEGREES, {})],
    "geometry": [(TEXTS + GEOMETRIES, {"crs": "CGCS2000"}), (GEOMETRIES, {"crs": "GK120"})],
    "organisation_no": [(TEXTS + ORGANISATIONS, {}), (ORGANISATIONS, {"registrar": True})],
    "taxpayer_no": [(TEXTS + ORGANISATIONS, {})],
    "organisation_name": [(TEXTS, {})],
    "party_no": [(TEXTS + ORGANISATIONS, {}), (TEXTS, {"test_divisions": True})],
    "plate": [(PLATES + TEXTS, {})],
    "vin": [(VINS + TEXTS, {})],
    "licence_id": [(LICENCES + TEXTS, {}), (LICENCES, {"registrar": True})],
    "identifier": [(TEXTS, {})],
    "archive_no": [(TEXTS, {})],
    "address": [(TEXTS, {}), (TEXTS, {"companions": ("key", "level")})],
    "text": [(TEXTS, {})],
}


def _whole(c: Column) -> Column:
    """The length of a text as a whole number, NULL of some."""
    return F.when(F.length(c) != 3, F.least(F.length(c), F.lit(400))).cast("bigint")


def _measured(c: Column) -> Column:
    """The same as a measured value with thirds of hundredths."""
    return (_whole(c) * F.lit(Decimal("0.137"))).cast("decimal(12,3)")


def _day(c: Column) -> Column:
    return F.date_add(F.lit(date(2018, 12, 28)), (_whole(c) * 97).cast("int"))


def _moment(c: Column) -> Column:
    """Of several texts in the hour that 1986-05-04 did not have in Shanghai."""
    day = F.when(F.length(c) % 2 == 0, F.lit(date(1986, 5, 4))).otherwise(_day(c)).cast("timestamp_ntz")
    return day + F.make_dt_interval(F.lit(0), F.lit(2), (F.length(c) % 180).cast("int"), (F.length(c) % 60).cast("int"))


def _item(c: Column) -> Column:
    return F.when(F.length(c) % 2 == 0, "pm25").when(F.length(c) % 3 == 0, "ph").otherwise(c)


def _limit(number: int) -> tuple[Column, Column]:
    return F.lit(None).cast("decimal(12,5)"), F.lit(Decimal(number)).cast("decimal(12,5)")


def _worse(c: Column) -> Column:
    """Three pollutants, as of columns: of literals, Sail's plan knows more of a lambda's variable than the lambda does."""
    names = [F.when(F.length(c) >= 0, name) for name in ("do", "tp", "cod")]
    told = [surface_water.pollutant(i, (_whole(c) % (4 + n)).cast("int"), _measured(c) - n) for n, i in enumerate(names)]
    return F.sort_array(F.array_compact(F.array(*told)), False)


FUNCTIONS: dict[Callable[..., Any], Callable[[Column], Column]] = {
    text.narrow: text.narrow,
    text.trimmed: text.trimmed,
    text.free_text: text.free_text,
    text.identifier: text.identifier,
    text.referenced: lambda c: text.referenced(F.when(~text.has_control(c), c)),
    text.unmarked: lambda c: text.unmarked(F.when(~text.has_control(c), c)),
    text.is_absent: text.is_absent,
    text.has_control: text.has_control,
    text.digest: lambda c: F.struct(text.digest(c), text.digest(F.lit("a"), c), text.digest(F.lit("a"), F.lit("b"))),
    text.json_object: lambda c: text.json_object({"a": c, "n": F.lit(None).cast("string")}),
    text.flag: lambda c: text.flag(c == "a", "A"),
    text.no_codes: lambda c: text.no_codes(),
    text.codes_text: lambda c: text.codes_text(c, F.lit(None).cast("string")),
    text.text_fixes: lambda c: text.codes_text(*text.text_fixes(c)),
    text.identifier_fixes: lambda c: text.codes_text(*text.identifier_fixes(c)),
    identity.normalise: identity.normalise,
    checksums.balanced_sum: lambda c: checksums.balanced_sum([F.length(c), F.length(c) + 1, F.lit(1)]),
    checksums.character: lambda c: checksums.character("0X9", F.pmod(F.length(c), F.lit(3))),
    checksums.mod_37_36: lambda c: checksums.mod_37_36(F.when(c.rlike("^[0-9A-Z]*\\z"), c)),
    plates.normalise: plates.normalise,
    plates.is_plate: plates.is_plate,
    plates.suggested: plates.suggested,
    plates.is_local: plates.is_local,
    plates.without_never_used: plates.without_never_used,
    plates.confusion_class: plates.confusion_class,
    licence_id.series: licence_id.series,
    licence_id.part: lambda c: licence_id.part(c, "issuer"),
    checksums.ranked: lambda c: checksums.ranked(c, "ACB"),
    checksums.sum_of_ranks: lambda c: checksums.sum_of_ranks(F.when(c.rlike("^[0-9]{3}\\z"), c), (1, 2, 3)),
    checksums.sum_of_digits: lambda c: checksums.sum_of_digits(F.length(c), (1, 2, 3)),
    identity.halves: lambda c: F.struct(*identity.halves(F.when(c.rlike(identity.SHAPE), c))),
    identity.weighted: lambda c: identity.weighted(F.length(c), F.length(c) + 1),
    identity.check_of: lambda c: identity.check_of(F.length(c)),
    identity.check_digit: identity.check_digit,
    identity.card_sum: lambda c: identity.card_sum(F.when(c.rlike(identity.CARD), c)),
    identity.card_check: lambda c: identity.card_check(F.length(c)),
    identity.birth_of: lambda c: identity.birth_of(F.when(c.rlike(identity.SHAPE), c)).cast("string"),
    identity.sex_of: lambda c: identity.sex_of(F.when(c.rlike(identity.SHAPE), c)),
    names.normalise: names.normalise,
    names.unified: names.unified,
    names.compare_key: names.compare_key,
    names.mojibake: names.mojibake,
    names.is_damaged: names.is_damaged,
    names.in_part: names.in_part,
    names.comparable: names.comparable,
    names.could_be: lambda c: names.could_be(c, F.lit("王𠀁明")),
    names.same_person_name: lambda c: names.same_person_name(c, F.lit("王𠀁明"), F.lit("王小明")),
    phones.national: phones.national,
    divisions.county_of: divisions.county_of,
    divisions.county_today: divisions.county_today,
    divisions.town_of: divisions.town_of,
    numbers.qualifier: numbers.qualifier,
    organisations.credit_sum: lambda c: organisations.credit_sum(F.when(c.rlike(organisations.SHAPES[18]), c)),
    organisations.credit_check: lambda c: organisations.credit_check(F.length(c)),
    organisations.organisation_sum: lambda c: organisations.organisation_sum(F.when(c.rlike("^[0-9A-Z]{8,9}\\z"), c)),
    organisations.organisation_check: lambda c: organisations.organisation_check(F.length(c)),
    organisations.registration_product: lambda c: organisations.registration_product(
        F.lit(10), F.when(c.rlike("^[0-9]{15}\\z"), c), range(1, 4)
    ),
    organisations.registration_check: lambda c: organisations.registration_check(F.length(c)),
    organisations.kind: organisations.kind,
    organisations.code_of: organisations.code_of,
    organisations.normalise: organisations.normalise,
    organisations.compare_key: organisations.compare_key,
    organisations.short_key: organisations.short_key,
    organisations.is_branch: organisations.is_branch,
    organisations.entity_kind: lambda c: organisations.entity_kind(F.when(F.length(c) == 18, c), c),
    organisations.taxpayer_kind: organisations.taxpayer_kind,
    organisations.taxpayer_code_of: organisations.taxpayer_code_of,
    addresses.normalise: addresses.normalise,
    coordinates.inside: lambda c: coordinates.inside(F.length(c) + 110, F.length(c) + 25.5),
    coordinates.gcj_offset: lambda c: F.struct(
        *(F.round(v, 8) for v in coordinates.gcj_offset(F.length(c) / 50 + 119, F.length(c) / 50 + 32))
    ),
    coordinates.from_bd09: lambda c: F.struct(
        *(F.round(v, 8) for v in coordinates.from_bd09(F.length(c) / 50 + 119, F.length(c) / 50 + 32))
    ),
    coordinates.to_gk: lambda c: F.struct(*(F.round(v, 3) for v in coordinates.to_gk(F.length(c) / 5000 + 119, F.length(c) / 5000 + 32))),
    coordinates.to_centimetres: lambda c: F.struct(*coordinates.to_centimetres(F.length(c) / 5000 + 119, F.length(c) / 5000 + 32)),
    coordinates.from_gk: lambda c: F.struct(
        *(F.round(v, 8) for v in coordinates.from_gk(F.length(c) + 40_447_105.184, F.length(c) + 3_585_904.025))
    ),
    tables.looked_up: lambda c: F.struct(
        tables.looked_up({"a": "1", "İ": "2", "𠀀": "3", "e\u0301": "4", "": "5"}, c).alias("text"),
        tables.looked_up({"a": 1, "𠀀": 3, "": 5}, c).alias("number"),
    ),
    arrays.without_nulls: lambda c: arrays.without_nulls(F.array(c, F.lit(None).cast("string"), F.lit("z"))),
    rounding.scaled: lambda c: rounding.scaled(_measured(c)),
    rounding.half_even: lambda c: rounding.half_even(_whole(c), F.lit(4).cast("bigint")),
    rounding.up: lambda c: rounding.up(_whole(c), F.lit(4).cast("bigint")),
    rounding.shifted: lambda c: rounding.shifted(_whole(c), 2),
    rounding.rounded: lambda c: rounding.rounded(_measured(c), 1),
    rounding.mean: lambda c: rounding.mean(_measured(c), F.length(c), 1),
    air_quality.during: lambda c: air_quality.during(_day(c), date(2019, 1, 10), None),
    air_quality.edition: lambda c: air_quality.edition(_day(c)),
    air_quality.iaqi: lambda c: air_quality.iaqi("pm25", "24H", _measured(c), _day(c)),
    air_quality.aqi: lambda c: air_quality.aqi({"so2": _whole(c).cast("int"), "pm25": _whole(c).cast("int") * 2}),
    air_quality.primary: lambda c: F.array_join(air_quality.primary({"so2": _whole(c), "o3_8h": F.lit(60).cast("bigint")}), ","),
    air_quality.grade: lambda c: air_quality.grade(_whole(c)),
    air_quality.limit: lambda c: air_quality.limit("pm25", "YEAR", _day(c)),
    air_quality.daily_max_8h: lambda c: air_quality.daily_max_8h([_measured(c)] * 17, [_whole(c)] * 17, _day(c)),
    air_quality.days_needed: lambda c: air_quality.days_needed("month", _day(c)),
    rounding.percentile: lambda c: rounding.percentile(F.array_compact(F.array(_whole(c), _whole(c) + 7)), 95),
    air_quality.composite_index: lambda c: air_quality.composite_index({i: _measured(c) for i in air_quality.ITEMS}, _day(c)),
    industries.division: industries.division,
    industries.section: industries.section,
    industries.sector: industries.sector,
    land_efficiency.score: lambda c: land_efficiency.score({m: _whole(c) for m in land_efficiency.WEIGHTS}),
    land_efficiency.land_class: lambda c: land_efficiency.land_class(_whole(c), F.lit(20)),
    units.thousandfold: lambda c: units.thousandfold(_whole(c) * 900, F.array(*[_whole(c) + n for n in range(7)])),
    units.square_metres: lambda c: units.square_metres(_measured(c), F.when(F.length(c) % 2 == 0, "M2").when(F.length(c) % 3 == 0, "MU")),
    sensors.twice_median: lambda c: sensors.twice_median(F.array(_whole(c), F.lit(3).cast("bigint"), F.lit(1).cast("bigint"))),
    sensors.thousandths: lambda c: sensors.thousandths(_measured(c)),
    sensors.stuck_from: lambda c: sensors.stuck_from(_item(c)),
    sensors.deviations: lambda c: sensors.deviations(F.array(*[_whole(c) * n for n in range(13)]), _whole(c) * 12),
    sensors.spike: lambda c: sensors.spike(_item(c), _whole(c) * 900, _whole(c) * 12, _whole(c), F.lit(7)),
    city_events.event_type: lambda c: city_events.event_type("GRID", F.lit("CITY"), c),
    public_safety.accident_measure: lambda c: public_safety.accident_measure(_whole(c), _whole(c) * 4, _measured(c)),
    public_safety.accident_level: lambda c: public_safety.accident_level(_whole(c), _whole(c) * 4, _measured(c)),
    buses.standard_tenths: lambda c: buses.standard_tenths(_whole(c) * 1500, F.length(c) % 3, date(2019, 12, 31)),
    buses.factor_edition: lambda c: buses.factor_edition(_whole(c) * 1500, F.length(c) % 3, date(2019, 12, 31)),
    land_use.is_built_up: lambda c: land_use.is_built_up(F.when(F.length(c) > 1, "07").otherwise(c)),
    buses.is_new_energy: lambda c: buses.is_new_energy(F.when(F.length(c) > 1, "BEV").otherwise(c)),
    positions.unfit: lambda c: positions.unfit(F.length(c) > 1, c == "a", F.length(c) * 60),
    positions.is_jump: lambda c: positions.is_jump(F.length(c) * 300, F.length(c) * 4),
    positions.jumped: lambda c: positions.jumped(F.length(c) > 2, F.when(F.length(c) > 4, F.length(c)), F.lit(6)),
    positions.apart: lambda c: F.round(positions.apart((F.length(c), F.length(c)), (F.lit(3), F.lit(4))), 8),
    positions.foot: lambda c: F.struct(
        *(F.round(v, 8) for v in positions.foot((F.length(c), F.lit(1)), (F.lit(0), F.lit(0)), (F.lit(7), F.lit(3))))
    ),
    positions.speed_limit: lambda c: positions.speed_limit(F.when(F.length(c) > 1, "COACH").otherwise(c)),
    positions.in_small_hours: lambda c: positions.in_small_hours(F.length(c)),
    traffic.segment_state: lambda c: traffic.segment_state(F.when(F.length(c) > 1, "EXPRESS").otherwise("LOCAL"), _whole(c)),
    traffic.tti_grade: lambda c: traffic.tti_grade(_whole(c), F.lit(7)),
    traffic.level: lambda c: traffic.level("CJJ", "queue_m", _whole(c), F.lit(3)),
    traffic.worst: lambda c: traffic.worst([traffic.level("HCM", "delay_s", _whole(c), F.lit(1)), F.lit("C")]),
    moments.day_number: lambda c: moments.day_number(_day(c)),
    moments.day_of: lambda c: moments.day_of(F.length(c) % 20_000),
    moments.seconds: lambda c: moments.seconds(_moment(c)),
    moments.minutes: lambda c: moments.minutes(_moment(c)),
    moments.whole_minutes: lambda c: moments.whole_minutes(_whole(c)),
    moments.at: lambda c: moments.at(_day(c), (F.length(c) % 90_000).cast("int")).cast("string"),
    moments.hour_begin: lambda c: moments.hour_begin(_moment(c)).cast("string"),
    moments.quarter_begin: lambda c: moments.quarter_begin(_moment(c)).cast("string"),
    moments.digits: lambda c: moments.digits(_moment(c)),
    surface_water.item_class: lambda c: surface_water.item_class(_measured(c), [_limit(n) for n in range(1, 6)]),
    surface_water.exceedance: lambda c: surface_water.exceedance(_measured(c), _limit(3)),
    surface_water.pollutant: lambda c: surface_water.pollutant(_item(c), _whole(c).cast("int"), _measured(c).cast("decimal(18,2)"))[
        "place"
    ],
    surface_water.main_pollutants: lambda c: F.array_join(surface_water.main_pollutants(_worse(c)), ","),
    surface_water.exceedances: lambda c: F.array_join(surface_water.exceedances(_worse(c)), ","),
    surface_water.state: lambda c: surface_water.state(_whole(c)),
    surface_water.river_state: lambda c: surface_water.river_state(F.lit(40), _whole(c), F.lit(9)),
    surface_water.oxygen_saturation: lambda c: surface_water.oxygen_saturation(_measured(c)),
    surface_water.trophic_index: lambda c: surface_water.trophic_index({i: _measured(c) for i in surface_water.INDEX}),
    surface_water.lake_grade: lambda c: surface_water.lake_grade(_whole(c)),
    black_odorous.reading_level: lambda c: black_odorous.reading_level("sd_cm", _measured(c), _whole(c)),
    black_odorous.point_level: lambda c: black_odorous.point_level(
        {i: F.lit(20) for i in black_odorous.ITEMS}, {(i, n): F.least(_whole(c), F.lit(20)) for i in black_odorous.ITEMS for n in (1, 2)}
    ),
    black_odorous.reach_level: lambda c: black_odorous.reach_level((F.lit(2), F.lit(2)), _whole(c), (F.lit(1), F.lit(0))),
    black_odorous.body_level: lambda c: black_odorous.body_level(F.lit(40), _whole(c), _whole(c) - 9, F.lit(0)),
    black_odorous.grade: lambda c: black_odorous.grade(_whole(c)),
}
"""Function -> the question about one text column."""
WITHOUT_COLUMNS = {
    air_quality.segments, air_quality.limits, city_events.minutes, vital_signs.vital_signs, vital_signs.alert_rules,
    calendar.days, codes.code_list, codes.code_names, codes.labels, divisions.counties, divisions.towns, divisions.city_history,
    divisions.successors, divisions.names,
    names.variants, tables.rows, tables.both_names, tables.placeholders, text.clean_by, text.tidy, text.cleaned, text.forms,
    text.references, text.code_fixes, text.one_of, text.with_absent, addresses.located, addresses.elements,
    numbers.precision_and_scale, masking.address, masking.day, masking.hidden, masking.identity, masking.name, masking.numbers,
    masking.of_column, masking.phone,
}  # fmt: skip
"""Tables of the standards, plain Python, and steps that only a rule can be asked about."""


def on_text() -> dict[str, Column]:
    """Built-in -> a question about the text column `raw`."""
    c, none = F.col("raw"), F.lit(None).cast("string")
    return {
        "upper": F.upper(c),
        "expr": F.expr("CASE WHEN length(raw) > 3 AND raw IS NOT NULL THEN 1 ELSE 0 END"),
        "length": F.length(c),
        "octet_length": F.octet_length(c),
        "ln": F.round(F.ln(F.length(c) + 1), 8),
        "floor": F.concat_ws(
            "|", *[F.floor((F.length(c).cast("bigint") * 98_765_431 % 1_000_000_000) / 10**k).cast("string") for k in range(10)]
        ),
        "ascii": F.ascii(c),
        "md5": F.md5(c),
        "hash": F.hash(c, F.lit("a")),
        "shiftleft": F.shiftleft(F.length(c).cast("bigint"), 32),
        "btrim": F.btrim(c, F.lit(" \t\r\n")),
        "sqrt": F.sqrt(F.length(c)),
        "sin": F.round(F.sin(F.length(c) / 7), 8),
        "cos": F.round(F.cos(F.length(c) / 7), 8),
        "asin": F.round(F.asin(1 / (F.length(c) + 1)), 8),
        "atanh": F.round(F.atanh(1 / (F.length(c) + 2)), 8),
        "sinh": F.round(F.sinh(1 / (F.length(c) + 1)), 8),
        "cosh": F.round(F.cosh(1 / (F.length(c) + 1)), 8),
        "degrees": F.round(F.degrees(F.length(c) / 7), 8),
        "radians": F.round(F.radians(F.length(c) / 7), 8),
        "atan2": F.round(F.atan2(F.length(c) / 7, F.length(c) + 1), 8),
        "rtrim": F.rtrim(c, F.lit("0")),
        "lpad": F.lpad(c, 2, "0"),
        "rpad": F.rpad(c, 12, "0"),
        "substring": F.concat_ws("|", F.substring(c, 1, 3), F.substring(c, 2, 1), F.substring(c, -8, 8), F.substring(c, 17, 1)),
        "substr": F.substr(c, F.length(c) - 1),
        "substring_index": F.concat_ws("|", F.substring_index(c, "-", 1), F.substring_index(c, "-", -1), F.substring_index(c, ".", 1)),
        "format_string": F.when(F.length(c) > 0, F.format_string("%c", F.ascii(c) % 1000 + 0x4E00)),
        "conv": F.conv(F.substring(F.concat(F.lit("0"), F.regexp_replace(c, "[^0-9A-Fa-f]", "")), 1, 7), 16, 10),
        "translate": F.translate(c, "a王𠀀\u3000\u00a0１x", "b李X 𠮷1"),
        "replace": F.replace(c, F.lit(","), F.lit("")),
        "concat": F.concat(c, F.lit("x")),
        "concat_ws": F.concat_ws("|", c, none, F.lit("x")),
        "coalesce": F.coalesce(c, F.lit("none")),
        "nullif": F.nullif(F.translate(c, "a", ""), F.lit("")),
        "regexp_replace": F.regexp_replace(F.upper(c), "[^0-9A-Z]", ""),
        "regexp_extract": F.regexp_extract(c, "([0-9]+)(x)?", 2),
        "split": F.split(c, ","),
        "split_part": F.split_part(c, F.lit(","), F.lit(-1)),
        "element_at": F.element_at(F.split(c, ":"), 1),
        "get": F.get(F.split(c, ":"), F.lit(1)),
        "levenshtein": F.levenshtein(c, F.lit("王𠀁明")),
        "like": F.like(F.lit("王𠀁明"), F.translate(c, "\\", "_")),
        "array": F.array(c, F.lit("z"), none),
        "array_compact": F.array_compact(F.array(c, F.lit("z"), none)),
        "arrays_zip": F.arrays_zip(F.array(c, F.lit("z")), F.array_repeat(F.upper(c), 2)),
        "array_contains": F.array_contains(F.array_compact(F.array(c, F.lit("z"), none)), "a"),
        "array_distinct": F.array_distinct(F.array(c, c, F.lit("z"))),
        "array_join": F.array_join(F.array(c, none, F.lit("z")), ","),
        "array_union": F.array_union(F.array(c, c, none), F.array(none, F.lit("a"))),
        "arrays_overlap": F.arrays_overlap(F.array(c, none), F.array(F.lit("a"), F.lit("12"))),
        "sort_array": F.sort_array(F.array(c, F.lit("王"), none, F.lit("𠀀"), F.lit("\uff01"), F.lit("Z"), F.lit("a"))),
        "slice": F.slice(F.array(c, F.lit("z")), 1, 20),
        "size": F.size(F.array(c, none)),
        "exists": F.exists(F.array(c, none), lambda x: x == "a"),
        "forall": F.forall(F.array(c, F.lit("a")), lambda x: x >= "a"),
        "flatten": F.flatten(F.array(F.split(c, "a"), F.array(F.lit("b")))),
        "filter": F.filter(F.array(c, none, F.lit("王")), lambda x: x > "a"),
        "aggregate": F.aggregate(F.split(c, ","), F.lit(0), lambda total, part: total + F.length(part)),
        "transform": F.transform(F.array(c, none), lambda x: F.upper(x)),
        "greatest": F.greatest(c, none, F.lit("王")),
        "least": F.least(c, none, F.lit("王")),
        "struct": F.struct(c, none.alias("n")),
        "when": F.when(c == "a", F.lit("A")).when(c > "王", "later"),
        "to_json": F.to_json(F.struct(F.when(~text.has_control(c), c).alias("a"), none.alias("n"))),
    }


def on_days() -> dict[str, Column]:
    """Built-in -> a question about the date column `d`."""
    days = F.col("d")
    at = days.cast("timestamp_ntz") + F.make_dt_interval(F.lit(0), F.lit(2), F.lit(30), F.lit(15))
    return {
        "date_add": F.date_add(days, 60),
        "date_sub": F.date_sub(days, 1),
        "add_months": F.add_months(days, -36),
        "datediff": F.datediff(days, F.lit(date(1986, 5, 4))).cast("int"),
        "date_format": F.date_format(days, "yyyyMMdd"),
        "year": F.year(days),
        "month": F.month(days),
        "make_date": F.make_date(F.year(days), F.month(days), F.lit(1)),
        "sequence": F.sequence(F.month(days), F.lit(12)),
        "last_day": F.last_day(days),
        "trunc": F.trunc(days, "month"),
        "to_date": F.to_date(days.cast("timestamp_ntz")),
        "dayofmonth": F.dayofmonth(days),
        "make_dt_interval": at.cast("string"),
        "hour": F.hour(at),
        "minute": F.minute(at),
        "second": F.second(at),
    }


def on_numbers() -> dict[str, Column]:
    """Built-in -> a question about the columns `n` bigint and `x` double."""
    number, real = F.col("n"), F.col("x")
    return {
        "pmod": F.pmod(number, F.lit(11)),
        "abs": F.abs(number),
        "round": F.round(1 - real * 0.37, 6),
        "timestamp_millis": F.timestamp_millis(number).cast("timestamp").cast("string"),
        "lit": number + F.lit(1),
        "col": F.col("n"),
    }
