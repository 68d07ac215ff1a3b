"""Cases: applications, their steps, the periods in which their time limit does not run, and the letters with their results."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, FIRST_NIGHT, NAT, as_days, clock_text, decimals, night_of, numbers, only, pick, working_days
from simulator.declare import Late
from simulator.departments.government_services import CASE, GOVERNMENT_SERVICES, ITEM, SINCE
from simulator.departments.government_services.changes import ENDS, KNOWN, LATER, Workdays, as_known, with_endings
from simulator.departments.government_services.items import REVISED, kinds
from simulator.dirt import BAD_NAME, PROTECTED, Cell, Forgotten, keys, labels, one, one_of
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.world.people import name_lists

PEOPLE_PER_CASE, LEAST = 2, 300
ADULT = 20
SUSPENDED, OVERLAPPING, REFUSED, WAITING, LEFT = 0.12, 0.2, 0.02, 0.02, 0.02
"""Shares: of promised cases that are suspended, of these twice at a time; of applications that are not accepted, or wait for documents; of
accepted ones that nobody has finished."""
PACE = ((0.7, 0.2, 0.95), (0.2, 1.0, 1.0), (0.1, 1.05, 2.0))
"""Share of promised cases, and between which shares of the promised days they take: most are early, some in time, a few late."""
AT_ONCE = 0.97
"""Of immediate cases."""
IN_THE_NIGHTS = 60
"""One case in so many is applied for in the last two nights."""
STEPS = ("RECEIVE", "ACCEPT", "REVIEW", "DECIDE", "FINISH")
SECOND_THOUGHT = 0.05
"""Share of applications online of which the applicant was called to the counter all the same."""
TEST_NAME = one(one_of(tuple(name_lists()["placeholders"])), spares=(PROTECTED,), loses=BAD_NAME)
"""D08: only of persons; names of organisations are checked when they are registered."""
CHANNELS = {"WINDOW": ("1", "窗口"), "WEB": ("2", "政务服务网"), "APP": ("3", "移动端"), "EMS": ("5",)}
OPEN_STATE = "ACCEPTED"


def _clock(day: np.ndarray, hour: float) -> np.ndarray:
    """The day at an hour and up to two hours later, by turns; None where there is no day."""
    return clock_text(day, (hour * 3600 + np.arange(len(day)) * 37 % 7200).astype(int))


def _applicants(registers: Registers, kind: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Who applies: for each row a living adult, or an enterprise with a credit code."""
    people, firms = registers.world.people, registers.world.enterprises
    adults = np.flatnonzero(((people["age"] >= ADULT) & people["death"].isna() & (people["registered"] == 0)).to_numpy())
    known = np.flatnonzero((firms["uscc"].notna() & firms["ended"].isna()).to_numpy())
    person, firm = people.iloc[rng.choice(adults, len(kind))], firms.iloc[rng.choice(known, len(kind))]
    own = kind == "PERSON"

    def either(of_person: str, of_firm: str) -> np.ndarray:
        return np.where(own, person[of_person].to_numpy(dtype=object), firm[of_firm].to_numpy(dtype=object))

    return pd.DataFrame(
        {
            "applicant_name": either("name", "name"),
            "id_type": only(own, "01"),
            "id_no": only(own, person["id_no"].to_numpy(dtype=object)),
            "uscc": only(~own, firm["uscc"].to_numpy(dtype=object)),
            "agent_name": only(~own, firm["rep_name"].to_numpy(dtype=object)),
            "agent_id_no": only(~own, firm["rep_id_no"].to_numpy(dtype=object)),
            "phone": either("phone", "phone"),
            "division": either("village12", "division12"),
            PROTECTED: ~own,
        }
    )


def _days(plan: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """When each case is applied for, accepted, suspended and finished: hidden columns, days."""
    workdays, n = Workdays(), len(plan)
    apply = np.sort(working_days(rng, np.full(n, np.datetime64(SINCE)), np.full(n, AS_OF)))
    apply[n - n // IN_THE_NIGHTS :] = AS_OF - np.arange(n // IN_THE_NIGHTS)[::-1] % 2
    accept = workdays.after(apply, rng.integers(0, 2, n))
    later = (accept < np.datetime64(REVISED)) & plan["_revised"].to_numpy()
    limit = np.where(later, plan["_before"], plan["_promised"]).astype(int)
    which = rng.choice(len(PACE), n, p=[share for share, *_ in PACE])
    low, high = (np.array([p[i] for p in PACE])[which] for i in (1, 2))
    used = np.ceil(limit * (low + rng.random(n) * (high - low))).astype(int)
    at_once = (plan["project_type"] == "IMMEDIATE").to_numpy()
    used = np.where(at_once, np.where(rng.random(n) < AT_ONCE, 0, rng.integers(1, 4, n)), np.maximum(used, 1))
    pause = np.where(~at_once & (limit >= 5) & (rng.random(n) < SUSPENDED), rng.integers(2, 12, n), 0)
    calendar = (plan["day_unit"] == "CALENDAR").to_numpy()
    begins = np.where(calendar, accept + 1, workdays.after(accept, np.ones(n, dtype=int)))
    resumes = np.where(calendar, begins + pause, workdays.after(begins, pause))
    finish = np.where(calendar, accept + used + pause, workdays.after(accept, used + pause))
    due = np.where(calendar, accept + limit + pause, workdays.after(accept, limit + pause))
    fate = rng.random(n)
    accepted = fate >= REFUSED + WAITING
    return plan.assign(
        item_version=np.where(plan["_revised"] & ~later, "2", "1"),
        accept_result=np.select([fate < REFUSED, ~accepted], ["REFUSED", "CORRECTION"], "ACCEPTED"),
        _apply=apply,
        _accept=np.where(accepted, accept, NAT),
        _begins=np.where(accepted & (pause > 0), begins, NAT),
        _resumes=np.where(accepted & (pause > 0), resumes, NAT),
        _due=np.where(accepted, due, NAT),
        **{ENDS: np.where(accepted & (fate < 1 - LEFT), finish, NAT), KNOWN: np.maximum(np.where(accepted, accept, apply), FIRST_NIGHT)},
    )


def _plan(registers: Registers, rng: np.random.Generator) -> pd.DataFrame:
    """One row per case: applicant, item and days."""
    n = max(LEAST, len(registers.world.people) // PEOPLE_PER_CASE)
    kind = kinds().iloc[rng.choice(len(kinds()), n, p=kinds()["weight"].astype(float) / kinds()["weight"].astype(float).sum())]
    kind = kind.reset_index(drop=True)
    plan = pd.concat([kind, _applicants(registers, kind["applicant"].to_numpy(), rng)], axis=1)
    offered = registers.declared(ITEM).rows(registers)
    offered = offered.assign(_kind=offered["name"], _county=offered["county6"])
    first = offered[offered["item_version"] == "1"].set_index(["_county", "_kind"])
    last = offered.drop_duplicates("item_code", keep="last").set_index(["_county", "_kind"])
    at = pd.MultiIndex.from_arrays([plan["division"].str[:6], plan["name"]])
    return plan.assign(
        item_code=last["item_code"].reindex(at).to_numpy(),
        _before=first["promise_days"].reindex(at).to_numpy(),
        _promised=last["promise_days"].reindex(at).to_numpy(),
        _revised=last["item_version"].reindex(at).to_numpy() == "2",
    )


def _way(plan: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """How the applicants came and how they get the result: most of what can be done online is done so."""
    n, online = len(plan), plan["online_depth"].astype(int).to_numpy() >= 3
    remote = pick(rng, ["WEB", "APP", "SELF_SERVICE", "EMS", "AGENCY"], n, [60, 25, 5, 5, 5])
    channel = np.where(online & (rng.random(n) < 0.75), remote, "WINDOW")
    far = channel != "WINDOW"
    called = far & (rng.random(n) < SECOND_THOUGHT)
    deliver = np.where(far, pick(rng, ["EMS", "ELECTRONIC", "PICKUP"], n, [50, 40, 10]), pick(rng, ["PICKUP", "EMS"], n, [75, 25]))
    visits = np.where(far, np.where(deliver == "PICKUP", 1, 0), rng.integers(1, 4, n))
    return plan.assign(apply_channel=channel, deliver_type=deliver, visits=numbers(visits), _called=called)


@GOVERNMENT_SERVICES.table(
    "case",
    dirt=(
        Cell("D08", "applicant_name", 0.01, kind=TEST_NAME),
        Cell("D02", "applicant_name", 0.02),
        Cell("D04", "id_no", 0.2),
        Cell("D05", "id_no", 0.008),
        Cell("D10", "applicant_name", 0.003, other="id_no"),
        Cell("D16", "finish_time", 0.004, other="accept_time"),
        Cell("D37", "apply_time", 0.005),
        Cell("D22", "apply_channel", 0.05, kind=labels(CHANNELS)),
        Cell("D18", "division", 0.02),
    ),
    copies=0.01,
    forgotten=Forgotten("case_state", "finish_time", 0.01, OPEN_STATE),
    rejected=(
        Rejected("UNREADABLE", "update_time", 0.001),
        Rejected("MISSING", "item_code", 0.001),
        Rejected("D23", "applicant_name", 0.001),
    ),
    number=Number("case_no", 2),
    after_dirt=with_endings,
    late=Late(night=1, comes=2),
)
def cases(registers: Registers) -> pd.DataFrame:
    """Applications since SINCE as they are known on their first night; those of the second night come late, after their steps."""
    rng = registers.world.stream("government services case")
    plan = _way(_days(_plan(registers, rng), rng), rng)
    n, ends = len(plan), as_days(plan[ENDS].to_numpy())
    result = pick(rng, ["GRANTED", "REFUSED", "WITHDRAWN", "VOID"], n, [93, 3, 3, 1])
    by_letter = (plan["deliver_type"] == "EMS").to_numpy() & (result == "GRANTED") & ~np.isnat(ends)
    suspended = (as_days(plan["_begins"].to_numpy()) <= plan[KNOWN]) & (as_days(plan["_resumes"].to_numpy()) > plan[KNOWN])
    waits = np.where(plan["_accept"].isna(), "APPLIED", np.where(suspended, "SUSPENDED", OPEN_STATE))
    lasts = np.isnat(ends)
    rows = plan.assign(
        case_no="ZW" + numbers(np.arange(n) + 1, 9),
        applicant_kind=plan["applicant"],
        apply_time=_clock(plan["_apply"], 8),
        accept_time=_clock(plan["_accept"], 10),
        promise_due=clock_text(as_days(plan["_due"].to_numpy()), np.full(n, 86_399)),
        decide_time=_clock(ends, 13),
        finish_time=_clock(ends, 15),
        result=only(~lasts, result),
        case_state=np.where(lasts, waits, "FINISHED"),
        hall_code="DT" + plan["division"].str[:6],
        ems_no=only(by_letter, "EE" + numbers(np.arange(n) + 1, 9) + "CN"),
        licence_no=only(plan["licence_type"].notna().to_numpy() & (result == "GRANTED") & ~lasts, "ZZ" + numbers(np.arange(n) + 1, 10)),
        fee=np.where(plan["charged"] == "1", decimals(np.full(n, 80.0), 2), "0.00"),
        update_time=clock_text(
            np.fmax(np.fmax(ends, as_days(plan["_accept"].to_numpy())), as_days(plan["_apply"].to_numpy())), np.full(n, 64_800)
        ),
    )
    before = {
        "decide_time": None, "finish_time": None, "result": None, "ems_no": None, "licence_no": None, "case_state": waits,
        "update_time": clock_text(np.fmax(as_days(plan["_accept"].to_numpy()), as_days(plan["_apply"].to_numpy())), np.full(n, 45_000)),
    }  # fmt: skip
    return as_known(rows, before)


def known_cases(registers: Registers) -> pd.DataFrame:
    """The clean cases, once each, with their hidden columns."""
    return registers.declared(CASE).rows(registers)


@GOVERNMENT_SERVICES.table(
    "case_step",
    dirt=(Cell("D37", "begin_time", 0.003), Cell("D16", "end_time", 0.003, other="begin_time"), Cell("D40", "opinion", 0.01)),
    copies=0.01,
    rejected=(Rejected("UNKNOWN_CODE", "step", 0.0005),),
    number=Number("case_no", 2),
)
def steps(registers: Registers) -> pd.DataFrame:
    """The steps that had begun by the last night; a step is sent when it has ended, the newest when it has begun."""
    cases = known_cases(registers)
    apply, accept, ends = (as_days(cases[c].to_numpy()) for c in ("_apply", "_accept", ENDS))
    review = np.where(np.isnat(ends), accept, accept + (ends - accept) // 2)
    begins = (apply, accept, accept, review, ends)
    over = (np.where(np.isnat(accept), NAT, accept), accept, review, ends, ends)
    parts = []
    for number, (step, begin, end) in enumerate(zip(STEPS, begins, over, strict=True), 1):
        there = ~np.isnat(begin) & (begin <= AS_OF)
        done = np.where(end <= AS_OF, end, NAT)
        called = cases["_called"].to_numpy() & (step == "REVIEW")
        window = (cases["apply_channel"].to_numpy() == "WINDOW") & (step == "RECEIVE")
        part = pd.DataFrame(
            {
                "case_no": cases["case_no"],
                "step_no": str(number),
                "step": step,
                "at_window": np.where(called | window, "1", "0"),
                "handler": "GW" + cases["hall_code"].str[2:] + str(number),
                "begin_time": _clock(begin, 8 + number / 2),
                "end_time": _clock(done, 11 + number),
                "opinion": only(~np.isnat(done), "同意"),
                "_day": np.fmax(begin, done),
            }
        )
        parts.append(part[there])
    rows = pd.concat(parts).sort_values(["_day", "case_no", "step_no"], ignore_index=True)
    return rows.assign(update_time=clock_text(as_days(rows["_day"].to_numpy()), np.full(len(rows), 65_000)), _night=night_of(rows["_day"]))


@GOVERNMENT_SERVICES.table(
    "case_suspension",
    dirt=(Cell("D22", "reason", 0.05, kind=labels({"CORRECTION": ("补正材料",), "INSPECTION": ("检测",)})),),
    copies=0.01,
    rejected=(Rejected("IMPOSSIBLE", "from_time", 0.002),),
    number=Number("case_no", 2),
    after_dirt=with_endings,
)
def suspensions(registers: Registers) -> pd.DataFrame:
    """Periods that have begun; some cases have a second one within the first, which adds nothing."""
    rng = registers.world.stream("government services suspension")
    cases = known_cases(registers)
    paused = cases[cases["_begins"].notna() & (cases["_begins"] <= AS_OF)]
    twice = paused[rng.random(len(paused)) < OVERLAPPING]
    twice = twice.assign(_begins=np.minimum(as_days(twice["_begins"].to_numpy()) + 1, as_days(twice["_resumes"].to_numpy())))
    rows = pd.concat([paused.assign(suspension_no="1"), twice[twice["_begins"] <= AS_OF].assign(suspension_no="2")], ignore_index=True)
    begins, resumes = (as_days(rows[c].to_numpy()) for c in ("_begins", "_resumes"))
    made = pd.DataFrame(
        {
            "case_no": rows["case_no"],
            "suspension_no": rows["suspension_no"],
            "reason": pick(rng, ["CORRECTION", "INSPECTION", "REVIEW", "HEARING", "PUBLICITY"], len(rows), [50, 20, 15, 5, 10]),
            "from_time": _clock(begins, 9),
            "to_time": _clock(resumes, 14),
            "update_time": clock_text(resumes, np.full(len(rows), 66_000)),
            ENDS: resumes,
            KNOWN: np.maximum(begins, FIRST_NIGHT),
        }
    )
    return as_known(made, {"to_time": None, "update_time": clock_text(begins, np.full(len(rows), 66_000))})


LETTER = LATER + "ems_no"


def _sent(cases: pd.DataFrame) -> pd.DataFrame:
    return cases[cases[LETTER].notna() & (as_days(cases[ENDS].to_numpy()) <= AS_OF)].reset_index(drop=True)


@GOVERNMENT_SERVICES.table(
    "ems_dispatch",
    dirt=(
        Cell("D37", "send_time", 0.003),
        Cell("D16", "deliver_time", 0.003, other="send_time"),
        Cell("D22", "state", 0.05, kind=labels({"DELIVERED": ("签收", "妥投"), "SENT": ("在途",)})),
    ),
    rejected=(Rejected("UNREADABLE", "send_time", 0.002),),
    number=Number("ems_no", 2),
    after_dirt=with_endings,
)
def letters(registers: Registers) -> pd.DataFrame:
    """Letters with results, from the day the case was finished; most arrive within three days."""
    rng, cases = registers.world.stream("government services letters"), _sent(known_cases(registers))
    n, send = len(cases), as_days(cases[ENDS].to_numpy())
    arrives = send + pick(rng, [1, 2, 3, 5], n, [40, 35, 20, 5]).astype(int)
    back = rng.random(n) < 0.02
    made = pd.DataFrame(
        {
            "ems_no": cases[LETTER],
            "case_no": cases["case_no"],
            "send_time": _clock(send, 17),
            "deliver_time": only(~back, _clock(arrives, 9)),
            "state": np.where(back, "RETURNED", "DELIVERED").astype(object),
            "division": cases["division"],
            "op_time": clock_text(arrives, np.full(n, 68_000)),
            ENDS: arrives,
            KNOWN: np.maximum(send, FIRST_NIGHT),
        }
    )
    return as_known(made, {"deliver_time": None, "state": "SENT", "op_time": clock_text(send, np.full(n, 68_500))})


@GOVERNMENT_SERVICES.finding("cases entered to try the system", "themes/government_services/case", "flags", "TEST")
def test_cases(registers: Registers) -> pd.Series:
    rows = registers.delivered(CASE)
    return keys(rows[rows[BAD_NAME]], ("case_no",)).drop_duplicates()
