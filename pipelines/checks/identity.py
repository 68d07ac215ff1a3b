"""H3 and H10: identity numbers are valid, each belongs to one pseudonym in all releases, personal columns are protected.

The published number is parsed again by the rule of the standard.
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from contracts import Contract
from pipelines.checks.checks import EXAMPLES, Check, DoesNotApply, Violations
from pipelines.checks.view import View
from standards.rules import Options, parse

PERSON = "base/population/person"
RECENT = 7
"""The newest releases that are compared without --thorough."""
NUMBER = r"^[1-9][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])[0-9]{3}[0-9X]\z"
LAKES_OWN = ("operations",)


def checks() -> list[Check]:
    return [
        Check("numbers_are_valid", "H3", "every identity number of a person is valid", _valid),
        Check("pseudonym_of_one_person", "H3", "in all releases a pseudonym has one number and a number one pseudonym", _one_to_one),
        Check("copies_keep_their_level", "H10", "a column copied from another is classified at least as high", _levels),
        Check("no_number_in_plain_columns", "H10", "no column below L3 contains an identity number", _plain),
        Check("log_without_personal_values", "H10", "no Delta log of a table with personal columns contains minimum or maximum", _log),
    ]


def _persons(view: View) -> DataFrame:
    if not view.has(PERSON):
        raise DoesNotApply(f"{PERSON} is not in the release")
    return view.frame(PERSON)


def _valid(view: View) -> Violations:
    numbers = _persons(view).where(F.col("id_no").isNotNull()).select("person_uid", "id_no")
    options = Options(business_date=F.lit(view.as_of), test_divisions=view.runtime.test_divisions)
    judged = parse(numbers, {"judged": ("identity", "id_no", options)})
    wrong = F.when(F.coalesce(F.col("judged.value"), F.lit("")) != F.col("id_no"), F.col("person_uid"))
    # no filter: the engine would inline the whole rule into it and plan for half a minute
    found = judged.agg(F.count(wrong).alias("n"), F.slice(F.sort_array(F.collect_list(wrong)), 1, EXAMPLES).alias("shown")).collect()[0]
    return Violations(found["n"], tuple(found["shown"]))


def _one_to_one(view: View) -> Violations:
    _persons(view)
    readable = [r for r in view.releases if r.number <= view.release.number and r.number not in view.gone_releases]
    earlier = {r.versions[PERSON] for r in readable if PERSON in r.versions}
    versions = sorted(earlier) if view.thorough else sorted(earlier)[-RECENT:]
    read = [view.runtime.lake.read(view.runtime.spark, PERSON, v).select("person_uid", "id_no") for v in versions]
    pairs = reduce(DataFrame.unionByName, read).where(F.col("id_no").isNotNull()).distinct()
    of_two = pairs.groupBy("person_uid").count().where(F.col("count") > 1).select("person_uid")
    two = pairs.groupBy("id_no").agg(F.count(F.lit(1)).alias("n"), F.min("person_uid").alias("person_uid")).where(F.col("n") > 1)
    return _counted(of_two.unionByName(two.select("person_uid")).distinct(), "person_uid")


def _counted(wrong: DataFrame, example: str) -> Violations:
    count = wrong.count()
    shown = wrong.orderBy(example).limit(EXAMPLES).collect() if count else []
    return Violations(count, tuple(r[example] for r in shown))


def _made(view: View) -> list[Contract]:
    """Return the contracts of the base and thematic tables in the release."""
    found = [c for c in view.runtime.contracts.values() if c.delivery is None and view.has(c.name)]
    if not found:
        raise DoesNotApply("no base or thematic table is in the release")
    return found


def _levels(view: View) -> Violations:
    contracts = view.runtime.contracts
    wrong = []
    for contract in _made(view):
        known = {c.name for c in contract.columns}
        wrong += [f"{contract.name}.{name} is in no contract" for name in view.frame(contract.name).columns if name not in known]
        for column in contract.columns:
            for table, _, name in (origin.rpartition(".") for origin in column.derived_from):
                source = next((c for c in contracts[table].columns if c.name == name == column.name), None) if table else None
                if source and source.classification > column.classification:
                    wrong.append(f"{contract.name}.{column.name} is {column.classification}, in {table} it is {source.classification}")
    return Violations.of(wrong)


def _plain(view: View) -> Violations:
    wrong = []
    for contract in _made(view):
        frame = view.frame(contract.name)
        texts = [c.name for c in contract.columns if not c.personal and c.physical_type == "string" and c.name in frame.columns]
        hits = [F.sum(F.when(F.col(name).rlike(NUMBER), 1).otherwise(0)).alias(name) for name in texts]
        found = frame.agg(*hits).collect()[0].asDict() if hits else {}
        wrong += [f"{contract.name}.{name}: {n} rows" for name, n in found.items() if n]
    return Violations.of(wrong)


def _log(view: View) -> Violations:
    import pyarrow as pa

    wrong = []
    for table in view.tables:
        layer, _, rest = table.partition("/")
        contract = view.runtime.contracts.get(table) or view.runtime.contracts.get(f"cleansed/{rest}")
        if layer in LAKES_OWN or (contract is not None and contract.name == table and contract.statistics):
            continue
        log = pa.table(view.handle(table).get_add_actions(flatten=True))
        stated = [n for n in log.schema.names if n.startswith(("min.", "max.")) and log.column(n).null_count < log.num_rows]
        wrong += [f"{table}: {name}" for name in stated]
    return Violations.of(wrong)
