"""Figures of government services, counted by hand: plain Python over delivered rows, day by day, by the formulas of domain rules E1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from standards.calendar import days

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]
WORKED = {day.day for day in days() if day.is_workday}
EXTRACT = date(2026, 4, 1)
DAY = timedelta(days=1)
FORMULAS = {
    "finish_rate": ("finished", "accepted"), "timely_finish_rate": ("in_time", "finished+left_open"),
    "early_finish_rate": ("early", "promised"), "mean_workdays": ("workdays", "timed"), "promise_reduction": ("saved", "law"),
    "immediate_item_rate": ("immediate", "items"), "no_meeting_item_rate": ("no_meeting_items", "approvals"),
    "no_meeting_case_rate": ("no_meeting", "finished"), "online_item_rate": ("online", "items"),
    "wholly_online_item_rate": ("wholly", "items"), "enterprise_start_rate": ("ENTERPRISE_START<=3", "ENTERPRISE_START"),
    "real_estate_rate": ("REAL_ESTATE<=5", "REAL_ESTATE"), "construction_rate": ("CONSTRUCTION<=50", "CONSTRUCTION"),
    "praise_rate": ("good", "comments"), "rectified_rate": ("rectified", "bad"), "called_back_rate": ("called_back", "bad"),
    "own_comment_rate": ("commented", "finished"), "hotline_answered_rate": ("answered", "calls"),
    "hotline_timely_rate": ("order_in_time", "order_finished+order_left_open"), "hotline_satisfaction_rate": ("satisfied", "rated"),
    "hotline_solved_rate": ("solved", "order_finished"), "hotline_repeated_rate": ("repeated", "orders"),
    "letter_hours": ("minutes", "letters"),
}  # fmt: skip
"""Indicator -> what is counted above and below the line."""


def happened(moment: datetime | date | None, as_of: date, extract: date = EXTRACT) -> date | None:
    if moment is None:
        return None
    day = moment.date() if isinstance(moment, datetime) else moment
    return day if day <= min(as_of, extract) else None


def workdays_after(day: date, count: int) -> date:
    while count:
        day += DAY
        count -= day in WORKED
    return day


def counted_on(day: date, unit: str | None) -> bool:
    return unit == "CALENDAR" or day in WORKED


@dataclass
class Case:
    """What is found out about a case, by walking from day to day."""

    accept: date | None
    finish: date | None
    limit: int | None
    unit: str | None
    pauses: set[date] = field(default_factory=set)

    @property
    def due(self) -> date | None:
        if self.accept is None or self.limit is None:
            return None
        left, day = self.limit + sum(counted_on(d, self.unit) for d in self.pauses), self.accept
        while left:
            day += DAY
            left -= counted_on(day, self.unit)
        return day

    @property
    def sound(self) -> bool:
        return self.accept is not None and self.finish is not None and self.finish >= self.accept

    def taken(self, unit: str | None) -> int | None:
        """Days of a unit after the acceptance, up to the end, of which none was a pause."""
        if not self.sound or self.accept is None or self.finish is None:
            return None
        every = (self.accept + DAY * n for n in range(1, (self.finish - self.accept).days + 1))
        return sum(counted_on(day, unit) and day not in self.pauses for day in every)


def one_case(case: Row, item: Row | None, suspensions: Iterable[Row], as_of: date, extract: date = EXTRACT) -> Case:
    limit = unit = None
    if item is not None:
        unit = item["day_unit"] or "WORKDAY"
        limit = 0
        if item["project_type"] == "PROMISED":
            limit = item["law_days"] if item["promise_days"] is None else item["promise_days"]
    found = Case(happened(case["accept_time"], as_of, extract), happened(case["finish_time"], as_of, extract), limit, unit)
    if found.accept:
        until = found.finish or as_of
        for period in suspensions:
            first = max(period["from_time"].date(), found.accept)
            last = min(period["to_time"].date() if period["to_time"] else until, until)
            found.pauses |= {first + DAY * n for n in range(1, (last - first).days + 1)}
    return found


class Figures:
    """Counts by kind of period, period, division and name."""

    def __init__(self, as_of: date) -> None:
        self.as_of, self.counts = as_of, Counter[tuple[str, str, str, str]]()

    def add(self, name: str, day: date, county: str | None, n: int = 1) -> None:
        for kind, period in (("month", f"{day:%Y-%m}"), ("year", f"{day:%Y}")):
            self.add_to(name, kind, period, county, n)

    def add_to(self, name: str, kind: str, period: str, county: str | None, n: int = 1) -> None:
        for division in ("000000" if county in (None, "321000") else county, "321000"):
            self.counts[kind, period, division, name] += n

    def ends(self) -> Iterable[tuple[str, str, date]]:
        """The periods from 2018 on, with their last day or, of one that is not over, the date."""
        day = date(2018, 1, 1)
        while day <= self.as_of:
            after = day + DAY
            if after.month != day.month or day == self.as_of:
                yield "month", f"{day:%Y-%m}", day
            if after.year != day.year or day == self.as_of:
                yield "year", f"{day:%Y}", day
            day = after

    def left_open(self, name: str, due: date | None, finish: date | None, county: str | None) -> None:
        for kind, period, end in self.ends():
            if due is not None and due <= end and (finish is None or finish > end):
                self.add_to(name, kind, period, county)

    def rate(self, indicator: str, kind: str, period: str, division: str) -> tuple[int, int]:
        return tuple(  # type: ignore[return-value]
            sum(self.counts[kind, period, division, part] for part in name.split("+")) for name in FORMULAS[indicator]
        )


def is_test(case: Row) -> bool:
    stand_in = "applicant_name:W_NAME_PLACEHOLDER" in case["_codes"]
    return stand_in and (case["applicant_kind"] != "ENTITY" or case["applicant_name"].startswith("测试"))


def figures(tables: Tables, as_of: date) -> Figures:
    found = Figures(as_of)
    items = {(i["item_code"], i["item_version"]): i for i in tables["item"]}
    valid = {c["case_no"] for c in tables["case"] if not is_test(c)}
    known = {c["case_no"]: c for c in tables["case"]}
    said = _comments(found, tables["comment"], known, valid)
    for case in tables["case"]:
        item = items.get((case["item_code"], case["item_version"]))
        one = one_case(case, item, [s for s in tables["case_suspension"] if s["case_no"] == case["case_no"]], as_of)
        refused = one.accept is None and (case["accept_result"] == "REFUSED" or one.finish is None)
        if is_test(case) or case["result"] == "VOID" or refused:
            continue
        _case(found, case, item, one, [s for s in tables["case_step"] if s["case_no"] == case["case_no"]], case["case_no"] in said)
    _orders(found, tables["hotline"])
    for day in tables["hotline_day"]:
        if day["day"] <= as_of:
            found.add("calls", day["day"], None, day["calls"])
            found.add("answered", day["day"], None, day["answered"])
    for letter in tables["ems_dispatch"]:
        if letter["deliver_time"] and letter["deliver_time"] >= letter["send_time"]:
            minutes = int((letter["deliver_time"] - letter["send_time"]).total_seconds() // 60)
            found.add("letters", letter["deliver_time"].date(), letter["division_county"])
            found.add("minutes", letter["deliver_time"].date(), letter["division_county"], minutes)
    _items(found, tables["item"])
    return found


def _case(found: Figures, case: Row, item: Row | None, one: Case, steps: Sequence[Row], said: bool) -> None:
    county, due = case["division_county"], one.due
    if one.accept:
        found.add("accepted", one.accept, county)
    found.left_open("left_open", due, one.finish, county)
    if one.finish is None:
        return

    def add(name: str, n: int = 1) -> None:
        assert one.finish is not None
        found.add(name, one.finish, county, n)

    add("finished")
    add("commented", int(said))
    remote = case["apply_channel"] in ("WEB", "APP", "SELF_SERVICE", "EMS", "AGENCY") and case["deliver_type"] in ("EMS", "ELECTRONIC")
    add("no_meeting", int(remote and case["visits"] == 0 and all(s["at_window"] != "1" for s in steps)))
    workdays = one.taken("WORKDAY")
    if workdays is None:
        return
    add("timed")
    add("workdays", workdays)
    if item is None:
        return
    if due is not None:
        add("in_time", int(one.finish <= due))
    used = one.taken(one.unit)
    if item["project_type"] == "PROMISED" and used is not None and one.limit is not None:
        add("promised")
        add("early", int(used < one.limit))
    if item["kind_3550"]:
        goal = {"ENTERPRISE_START": 3, "REAL_ESTATE": 5, "CONSTRUCTION": 50}[item["kind_3550"]]
        add(item["kind_3550"])
        add(f"{item['kind_3550']}<={goal}", int(workdays <= goal))


def _comments(found: Figures, comments: Sequence[Row], known: Mapping[str, Row], valid: set[str]) -> set[str]:
    """Counts the comments; returns the cases with one that counts."""
    events, said = set(), set()
    for c in sorted(comments, key=lambda c: (c["comment_time"], c["comment_no"])):
        if c["automatic"] == "1" or c["score"] is None:
            continue
        event = (c["case_no"], c["stage"] or "")
        first, about_test = event not in events, c["case_no"] in known and c["case_no"] not in valid
        events.add(event)
        if not first or about_test:
            continue
        said.add(c["case_no"])
        day, county = c["comment_time"].date(), known.get(c["case_no"], {}).get("division_county")
        found.add("comments", day, county)
        if c["score"] in "345":
            found.add("good", day, county)
            continue
        found.add("bad", day, county)
        found.add("called_back", day, county, int(c["called_back"] == "1"))
        found.add("rectified", day, county, int(c["rectify_time"] is not None and c["rectify_time"].date() <= workdays_after(day, 15)))
    return said


def _orders(found: Figures, orders: Sequence[Row]) -> None:
    for o in orders:
        county, call, due = o["division_county"], o["call_time"].date(), o["due_time"] and o["due_time"].date()
        finish = happened(o["finish_time"], found.as_of)
        if call <= found.as_of:
            found.add("orders", call, county)
            found.add("repeated", call, county, int(repeats(o, orders)))
            found.add("rated", call, county, int(o["satisfaction"] is not None))
            found.add("satisfied", call, county, int(o["satisfaction"] in ("4", "5")))
            found.left_open("order_left_open", due, finish, county)
        if finish:
            found.add("order_finished", finish, county)
            found.add("order_in_time", finish, county, int(due is not None and call <= finish <= due))
            found.add("solved", finish, county, int(o["solved"] == "1" and not o["return_count"]))


def repeats(order: Row, orders: Sequence[Row]) -> bool:
    """Whether the hotline says so, or an earlier order of this caller, type and address lies at most thirty days before."""
    if order["dup_of"] not in (None, order["order_no"]):
        return True

    def about(o: Row) -> tuple[Any, ...] | None:
        usable = o["caller_phone"] and o["type"] and o["address_key"]
        return (o["caller_phone"], o["type"], o["address_key"]) if usable else None

    def place(o: Row) -> tuple[datetime, str]:
        return o["call_time"], o["order_no"]

    return about(order) is not None and any(
        about(o) == about(order) and place(o) < place(order) and (order["call_time"].date() - o["call_time"].date()).days <= 30
        for o in orders
    )


def _items(found: Figures, items: Sequence[Row]) -> None:
    for kind, period, end in found.ends():
        for item in items:
            after = [i for i in items if i["item_code"] == item["item_code"] and _version(i) > _version(item)]
            last = min([d for d in (item["valid_to"], *[i["valid_from"] - DAY for i in after]) if d], default=end)
            if not item["valid_from"] <= end <= last:
                continue
            promised, law = item["promise_days"], item["law_days"]
            approval, depth = item["item_type"] in ("01", "05", "07", "08", "09", "10"), int(item["online_depth"] or 0)
            comparable = item["project_type"] == "PROMISED" and promised is not None and bool(law) and promised <= law
            said = {
                "items": True, "immediate": item["project_type"] == "IMMEDIATE", "approvals": approval,
                "no_meeting_items": approval and item["no_meeting"] == "1", "online": depth >= 3, "wholly": depth == 4,
                "law": comparable and law, "saved": comparable and law - promised,
            }  # fmt: skip
            for name, n in said.items():
                found.add_to(name, kind, period, item["division_county"], int(n))


def _version(item: Row) -> tuple[date, int]:
    return item["valid_from"], item["item_version"]
