"""Every function of `standards`, every built-in the project uses and what runs through Arrow say the same on Sail and on Apache Spark.

Where the built-ins themselves do not, the difference is pinned at the end, with what our code does instead: docs/engines.md.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from itertools import product
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest
from pyspark.sql import Column, Window
from pyspark.sql import functions as F

import standards
from contracts import load, load_all
from contracts.rules import ContractRule
from quality.rows import typed
from quality.table_rules import flagged
from resources.engine import Engine
from standards import arrays, names, pseudonym, rules
from standards.rules import Options, parse
from tests.cleansed.nights import citizen
from tests.servers.need import ROOT
from tests.standards import test_codes, test_dates, test_divisions, test_identity, test_texts
from tests.standards.answers import codes
from tests.standards.corpus import functions, groups, shapes
from tests.standards.corpus.engines import Both, both_engines, differing, told
from tests.standards.corpus.values import AROUND, DAYS, LONG, MOMENTS, TEXTS

pytestmark = pytest.mark.slow

ON = date(2017, 12, 31)
VECTORS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    **test_texts.FAMILIES,
    "date": (test_dates.DATES, {}),
    "timestamp": (test_dates.TIMES, {}),
    "month": (test_dates.MONTHS, {}),
    "division": (test_divisions.CASES, {}),
    "code": (test_codes.SEX, {"code_list": "sex"}),
}


@pytest.fixture(scope="module")
def both(engine: Engine) -> Iterator[Both]:
    with both_engines(engine) as engines:
        yield engines


def parsed(both: Both, questions: dict[str, tuple[str, list[Any], dict[str, Any]]]) -> tuple[list[tuple[str]], Any, Any]:
    """The answers of several rules to the texts of all, each in a column of its name."""
    texts = list(dict.fromkeys(t for _, values, _ in questions.values() for t in (None, *values)))
    asked = {name: (rule, "raw", Options(**{"business_date": F.lit(ON), **options})) for name, (rule, _, options) in questions.items()}
    rows = [(t,) for t in texts]
    sail, spark = (told(parse(f, asked).drop("raw")) for f in both.frames(rows, "raw string"))
    return rows, sail, spark


@pytest.mark.parametrize("rule", sorted(functions.RULES))
def test_a_rule_answers_alike_whatever_is_delivered(both: Both, rule: str) -> None:
    questions = {f"{rule} {i}": (rule, values, options) for i, (values, options) in enumerate(functions.RULES[rule])}
    rows, sail, spark = parsed(both, questions)
    assert differing(rows, sail, spark) == []
    assert any(answer["value"] is not None for answer in spark[f"{rule} 0"])
    assert {code for answer in spark[f"{rule} 0"] for code in codes(answer["codes"])} >= {"E_CONTROL"}


def test_the_vectors_of_the_rules_hold_on_both(both: Both) -> None:
    rows, sail, spark = parsed(both, {rule: (rule, list(cases), options) for rule, (cases, options) in VECTORS.items()})
    place = {raw: i for i, (raw,) in enumerate(rows)}
    for rule, (cases, _) in VECTORS.items():
        for told_by in (sail, spark):
            found = {raw: (told_by[rule][place[raw]]["value"], codes(told_by[rule][place[raw]]["codes"])) for raw in cases}
            assert found == cases


def test_identity_numbers_are_right_or_wrong_on_both(both: Both) -> None:
    right = {raw: good or raw for family in test_identity.ACCEPTED.values() for raw, good in family.items()}
    rows, sail, spark = parsed(both, {"p": ("identity", [*right, *test_identity.REJECTED], {})})
    assert differing(rows, sail, spark) == []
    answers = {raw: (a["value"], test_identity.primary(codes(a["codes"]))) for (raw,), a in zip(rows, spark["p"], strict=True)}
    assert answers == {None: (None, None), **{raw: (v, None) for raw, v in right.items()},
                       **{raw: (None, code) for raw, code in test_identity.REJECTED.items()}}  # fmt: skip


def test_functions_of_one_text_answer_alike(both: Both) -> None:
    rows = [(t,) for t in (None, *TEXTS, *DAYS)]
    columns = {f"{f.__module__}.{f.__name__}": ask(F.col("raw")) for f, ask in functions.FUNCTIONS.items()}
    assert differing(rows, *both.ask(rows, "raw string", columns)) == []


def test_pseudonyms_are_the_same_text_on_both(both: Both) -> None:
    key, rows = b"demo-key-not-secret", [(t,) for t in (None, *TEXTS)]
    expected = [None, *(pseudonym.hmac_sm3_hex(key, t) for t in TEXTS)]
    assert both.ask(rows, "raw string", {"p": pseudonym.pseudonym_column(key)(F.col("raw"))}) == ({"p": expected}, {"p": expected})


def test_built_ins_answer_alike_on_every_text(both: Both) -> None:
    rows = [(t,) for t in (None, *TEXTS, *DAYS, *MOMENTS)]
    assert differing(rows, *both.ask(rows, "raw string", functions.on_text())) == []


def test_built_ins_answer_alike_on_every_day(both: Both) -> None:
    days = [(None,), *((date(1800, 1, 1) + timedelta(n),) for n in range(0, 146_000, 17)), (date(2000, 2, 29),), (date(2199, 12, 31),)]
    midnights = [(date(y, m, d),) for y, m, d in ((1901, 1, 1), (1940, 6, 1), (1941, 3, 15), (1947, 4, 15), (1986, 5, 4), (1991, 4, 14))]
    assert differing(days + midnights, *both.ask(days + midnights, "d date", functions.on_days())) == []


def test_built_ins_answer_alike_on_numbers(both: Both) -> None:
    rows: list[tuple[Any, ...]] = [
        (None, None), (0, 0.0), (1, 1.0), (-1, 0.5), (10**12, 1 / 3), (-(10**12), 2 / 3), (1_520_179_200_000, 0.999999),
        (515_520_000_000, 1e-9), (-2_177_481_943_000, 0.1234565), (11, float("nan")), (12, float("inf")),
    ]  # fmt: skip
    assert differing(rows, *both.ask(rows, "n bigint, x double", functions.on_numbers())) == []


@pytest.mark.parametrize("question", groups.GROUPS)
def test_groups_and_orders_are_alike(both: Both, question: str) -> None:
    sail, spark = (told(groups.GROUPS[question](f)) for f in both.frames(groups.HEAD, groups.DDL))
    assert sail == spark
    assert all(sail.values())


@pytest.mark.parametrize("question", shapes.PLACES)
def test_places_are_alike(both: Both, question: str) -> None:
    points, ask = shapes.PLACES[question]
    sail, spark = map(ask, both.frames(points(), shapes.POINTS))
    assert sail == spark


def test_rows_are_judged_alike(both: Both) -> None:
    """Hostile values in two columns of three, a time that did not exist in the third; then rows of one value."""
    contract = load_all()["cleansed/public_security/resident"]
    columns = [c.name for c in contract.delivered]
    hostile = [*AROUND, *DAYS[:40], *MOMENTS, *TEXTS[:300]]
    rows = [tuple(value if (n + at) % 3 else "1986-05-04 02:30:00" for at, _ in enumerate(columns)) for n, value in enumerate(hostile)]
    rows += [(value,) * len(columns) for value in (None, "", *MOMENTS)]
    lineage = [
        F.lit(v).alias(n) for n, v in (("_batch_id", "b"), ("_source_file", "f"), ("_op", "I"), ("_order", "7"), ("_extract_ts", "t"))
    ]
    lineage += [F.col("i").alias("_row_no"), F.lit(ON).alias("_business_date"), F.lit(None).cast("string").alias("_defect")]
    found = []
    for frame in both.frames(rows, ", ".join(f"`{c}` string" for c in columns)):
        judged = typed(contract, frame.select(*columns, *lineage), test_divisions=False)
        found.append(told(judged.withColumnRenamed("_row_no", "i").drop("_business_date")))
    assert differing(rows, *found) == []
    assert len({code for row in found[0]["_codes"] for code in row}) > 20


RULED = {
    f"tests/dirt/contracts/{name}.yaml": columns
    for name, columns in {
        "subsidy_payment": (
            ("陈一", citizen(1), "13900000001", "", "-5", "0.00", "400000", "2019-01-01", "2017-01-01", "1", "女", "X1"),
            3,
        ),
        "stop": (("119.4378", "32.396", "32396000", "119437800", "0", "119°26′16.08″", "116.39", "邗江 翠岗新村3-2-501", None), 2),
        "stop_of_app": (("119.449798", "32.399864", "119449798", "0", "x", None), 2),
    }.items()
}
"""Contract with rules over several columns -> values for its columns, and how many of them differ from row to row."""


@pytest.mark.parametrize("contract", RULED)
def test_rules_over_several_columns_judge_alike(both: Both, contract: str) -> None:
    agreed, (values, step) = load(ROOT / contract), RULED[contract]
    columns = [c.name for c in agreed.delivered]
    many = product(values, repeat=step)
    rows = [tuple(row[(at + turn) % step] for at, _ in enumerate(columns)) for turn in range(step) for row in many]
    lineage = [
        F.lit(v).alias(n) for n, v in (("_batch_id", "b"), ("_source_file", "f"), ("_op", "I"), ("_order", "7"), ("_extract_ts", "t"))
    ]
    lineage += [F.col("i").alias("_row_no"), F.lit(ON).alias("_business_date"), F.lit(None).cast("string").alias("_defect")]
    found = []
    for frame in both.frames(rows, ", ".join(f"`{c}` string" for c in columns)):
        judged = typed(agreed, frame.select(*columns, *lineage), test_divisions=True)
        found.append(told(judged.withColumnRenamed("_row_no", "i").drop("_business_date")))
    assert differing(rows, *found) == []
    assert len({code for row in found[0]["_codes"] for code in row}) > 3


def test_rules_over_the_rows_of_a_table_flag_alike(both: Both) -> None:
    contract = load(ROOT / "tests/dirt/contracts/air_hour.yaml")
    owners = replace(contract, table_rules=(*contract.table_rules, ContractRule("shared", ("station", "pm25"), (("most", "4"),))))
    rows = [
        (station, datetime(2019, 12, 30, hour % 24, hour), None if hour == 7 else Decimal(value), [], hour % 11 != 3)
        for station in ("A", "B", None)
        for hour, value in enumerate([35, 35, 35, 35, 400, 35, 36, 37, 37, 1, 37, 37, 37, 37, 37])
    ]
    ddl = "station string, measured_at timestamp_ntz, pm25 decimal(8,3), _codes array<string>, live boolean"
    sail, spark = (told(flagged(f, owners, F.col("live"))) for f in both.frames(rows, ddl))
    assert differing(rows, sail, spark) == []
    assert {code.split(":")[1] for row in sail["_codes"] for code in row} == {"W_STUCK", "W_SPIKE", "W_GAP", "W_SHARED"}


def test_long_cells_are_read_in_the_same_way_and_in_time(both: Both) -> None:
    questions = {rule: (rule, [], options[0][1]) for rule, options in functions.RULES.items()}
    asked = {name: (rule, "raw", Options(**{"business_date": F.lit(ON), **options})) for name, (rule, _, options) in questions.items()}
    rows = [(value,) for value in LONG.values()]
    begun = datetime.now()
    answers = []
    for frame in both.frames(rows, "raw string"):
        judged = parse(frame, asked)
        shown = [F.struct(F.md5(F.col(f"{r}.value").cast("string")), F.col(f"{r}.codes")).alias(r) for r in asked]
        answers.append(told(judged.select("i", *shown)))
    assert differing(list(LONG), *answers) == []
    assert datetime.now() - begun < timedelta(minutes=4), "the square of a length takes hours"


def test_long_names_are_compared_in_time(both: Both) -> None:
    rows = [("王" * 900_000, "王" * 900_001), ("王小明", "王小明" * 300_000)]
    sail, spark = both.ask(rows, "a string, b string", {"how": names.same_person_name(F.col("a"), F.col("b"), F.lit(None).cast("string"))})
    assert sail == spark == {"how": [None, None]}


def test_nothing_is_left_out() -> None:
    """A new rule, function or built-in has to be asked on both engines, too."""
    assert set(functions.RULES) == set(rules.RULES)
    modules = [import_module(f"standards.{m.name}") for m in iter_modules(standards.__path__)]
    offered = {
        f
        for m in modules
        for n, f in vars(m).items()
        if not n.startswith("_") and getattr(f, "__module__", "") == m.__name__ and callable(f)
    }
    plain = {f for f in offered if not inspect.isclass(f) and not f.__name__.endswith("_rule")}
    by_the_tests_above = {rules.parse, pseudonym.pseudonym_column, pseudonym.hmac_sm3_hex, pseudonym.sm3_hex}
    assert plain == set(functions.FUNCTIONS) | functions.WITHOUT_COLUMNS | by_the_tests_above
    asked = set().union(*(_built_ins(Path(m.__file__ or "")) for m in (functions, groups)))
    used = set().union(*(_built_ins(p) for folder in ("assets", "quality", "standards") for p in (ROOT / folder).rglob("*.py")))
    assert used - asked == {"pandas_udf"}


def _built_ins(file: Path) -> set[str]:
    return set(re.findall(r"\bF\.(\w+)\(", file.read_text(encoding="utf-8")))


DIFFERENCES: dict[str, tuple[str, Callable[[Column], Column], Any, Any]] = {
    "$ stands before a last line separator": ("12\u2028", lambda c: c.rlike("^12$"), False, True),
    "$ stands before a last line break": ("12\n", lambda c: c.rlike("^12$"), False, True),
    ". stands for a carriage return": ("\r", lambda c: c.rlike("^.\\z"), True, False),
    ". stands for a next line": ("\u0085", lambda c: c.rlike("^.\\z"), True, False),
    "\\d is a digit of any script": ("１", lambda c: c.rlike("\\d"), True, False),
    "\\w is a letter of any script": ("王", lambda c: c.rlike("\\w"), True, False),
    "\\s is a space of any width": ("\u3000", lambda c: c.rlike("\\s"), True, False),
    "(?i) knows the long s": ("ſ", lambda c: c.rlike("(?i)s"), True, False),
    "initcap of a digraph": ("ǆ", lambda c: F.initcap(c), "Ǆ", "ǅ"),
    "a control character after a number": ("12\x00", lambda c: c.try_cast("int"), None, 12),
    "a suffix of Java's": ("1d", lambda c: c.try_cast("double"), None, 1.0),
    "digits of another script as decimal": ("１", lambda c: c.try_cast("decimal(2,0)").cast("string"), None, "1"),
    "a space before a date": (" 2019-01-01", lambda c: c.try_cast("date").cast("string"), None, "2019-01-01"),
    "a time after a date": ("2019-01-01T08:00", lambda c: c.try_cast("date").cast("string"), None, "2019-01-01"),
    "the year 0": ("0000-01-01", lambda c: F.date_format(c.try_cast("date"), "yyyyMMdd"), "00010101", "00000101"),
    "a time that the summer time of 1986 skipped": (
        "1986-05-04 02:30:00", lambda c: F.date_format(c.try_cast("timestamp_ntz"), "HHmm"), "0230", "0330",
    ),
    "epoch milliseconds without a cast": ("0", lambda c: F.date_format(F.timestamp_millis(c.try_cast("bigint")), "HH"), "00", "08"),
    "a substring from NULL": ("x", lambda c: F.substring(F.lit("abc"), c.try_cast("int"), F.lit(1)), "a", None),
    "a great number as text": ("1e15", lambda c: c.try_cast("double").cast("string"), "1000000000000000.0", "1.0E15"),
    "a control character in JSON": ("\x0b", lambda c: F.to_json(F.struct(c.alias("a"))), '{"a":"\\u000b"}', '{"a":"\\u000B"}'),
    "a NULL among what is looked for": ("x", lambda c: F.array_contains(F.array(c, F.lit(None).cast("string")), "a"), False, None),
    "a double that is half a digit as decimal": (
        "34.5", lambda c: (c.try_cast("double") / 60).cast("decimal(9,2)").cast("string"), "0.57", "0.58",
    ),
    "rounding minus zero": ("-0.0", lambda c: F.round(c.try_cast("double"), 6).cast("string"), "-0.0", "0.0"),
}  # fmt: skip
"""What differs -> (value, question, Sail, Spark). None of these may decide anything: docs/engines.md says how the code avoids them."""


@pytest.mark.parametrize("what", DIFFERENCES)
def test_the_engines_still_differ_where_the_code_avoids_it(both: Both, what: str) -> None:
    value, question, sail, spark = DIFFERENCES[what]
    assert both.ask([(value,)], "raw string", {"said": question(F.col("raw"))}) == ({"said": [sail]}, {"said": [spark]})


def test_a_null_inside_what_is_compared_is_undecided_on_sail_alone(both: Both) -> None:
    """Spark: NULL is the smallest. So `F.min`, `F.max` and `F.min_by` get no struct with a NULL that could decide."""
    rows = [(1, None), (None, 5), (1, 3)]
    sail, spark = (f.agg(F.min(F.struct("x", "y")).alias("least")).collect()[0]["least"] for f in both.frames(rows, "x int, y int"))
    assert tuple(spark) == (None, 5)
    assert tuple(sail) == (1, None)


def test_an_array_that_windows_have_carried_keeps_its_own_elements(engine: Engine) -> None:
    """Sail hands on pieces of arrays, of which `F.array_compact` reads the elements of others; once it does not, ours can go."""
    number = F.col("id")
    rows = engine.session.range(20_000).select("id", (number % 50).alias("line"), F.array(number, F.lit(None).cast("bigint")).alias("of"))
    line = Window.partitionBy("line").orderBy("id")
    for reach in (3, 6, 12):
        rows = rows.withColumn(f"carried_{reach}", F.max("id").over(line.rowsBetween(-reach, reach)))
    made = rows.withColumns({"ours": arrays.without_nulls(F.col("of")), "theirs": F.array_compact("of")}).collect()
    assert [r for r in made if r.ours != [r.id]] == []
    assert [r for r in made if r.theirs != [r.id]] != []
