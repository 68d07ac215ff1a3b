"""What residents say: comments on their cases, and the hotline 12345."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, FIRST_NIGHT, as_days, clock_text, day_text, night_of, numbers, office_seconds, only, pick, working_days
from simulator.departments.government_services import GOVERNMENT_SERVICES, HOTLINE, SINCE
from simulator.departments.government_services.cases import known_cases
from simulator.departments.government_services.changes import ENDS, KNOWN, Workdays, as_known, with_endings
from simulator.departments.government_services.items import agency_codes, kinds
from simulator.dirt import PHONES, PROTECTED, Cell, Older, keys, labels, masked, one, one_of
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import moment_text
from simulator.world.incidents import EVENT, MOMENT

COMMENTED, BY_ITSELF, TWICE = 0.55, 0.3, 0.04
"""Shares: of finished cases with a comment, of these praise by the system, and a second comment on the same event."""
WORDS = {"5": "办事很快", "4": "服务好", "3": "还可以", "2": "等得太久", "1": "跑了好几趟"}
PEOPLE_PER_ORDER, LEAST = 3, 240
AGAIN, LATE_AGAIN = 0.08, 0.03
"""Shares of demands that are made again: within 30 days, and later."""
DEMANDS = {"CONSULT": "咨询办理流程", "HELP": "路灯不亮请求处理", "COMPLAINT": "投诉办事拖延", "REPORT": "举报占道经营",
           "SUGGESTION": "建议增设公交站台", "THANKS": "感谢窗口人员"}  # fmt: skip
REPEAT_DAYS = 30
CALLS_PER_ORDER = 1.4
UNDAMAGED = (PROTECTED,)


@GOVERNMENT_SERVICES.table(
    "comment",
    dirt=(
        Cell("D22", "score", 0.05, kind=labels({"5": ("非常满意",), "4": ("满意",), "2": ("不满意",)})),
        Cell("D40", "content", 0.01),
        Cell("D37", "comment_time", 0.003),
        Cell("D16", "reply_time", 0.01, other="comment_time"),
    ),
    older=Older("update_time", 0.02, {"score": "3"}),
    copies=0.01,
    rejected=(Rejected("UNREADABLE", "comment_time", 0.001),),
    number=Number("comment_no", 2),
)
def comments(registers: Registers) -> pd.DataFrame:
    """Comments on finished cases; most bad ones lead to something within fifteen workdays, some late, some never."""
    rng, cases, workdays = registers.world.stream("government services comment"), known_cases(registers), Workdays()
    cases = cases[as_days(cases[ENDS].to_numpy()) <= AS_OF]
    cases = cases[rng.random(len(cases)) < COMMENTED]
    again = cases[rng.random(len(cases)) < TWICE]
    rows = pd.concat([cases.assign(_again=False), again.assign(_again=True)])
    n, by_itself = len(rows), (rng.random(len(rows)) < BY_ITSELF) & ~rows["_again"].to_numpy()
    day = np.minimum(as_days(rows[ENDS].to_numpy()) + rng.integers(0, 4, n) + 2 * rows["_again"].to_numpy(), AS_OF)
    score = np.where(by_itself, "5", pick(rng, ["5", "4", "3", "2", "1"], n, [66, 18, 6, 6, 4]))
    bad = np.isin(score, ["1", "2"])
    rectified = workdays.after(day, pick(rng, [4, 15, 16, 22], n, [60, 15, 10, 15]).astype(int))
    done = bad & (rng.random(n) < 0.9) & (rectified <= AS_OF)
    made = pd.DataFrame(
        {
            "case_no": rows["case_no"].to_numpy(),
            "stage": "FINISH",
            "channel": pick(rng, ["WINDOW", "WEB", "APP", "SMS"], n, [40, 25, 20, 15]),
            "comment_time": clock_text(day, office_seconds(rng, n)),
            "score": score,
            "automatic": np.where(by_itself, "1", "0"),
            "tags": only(~by_itself, pick(rng, ["态度", "效率", "环境"], n)),
            "content": only(~by_itself, pd.Series(score).map(WORDS).to_numpy(dtype=object)),
            "reply_time": only(bad & (day + 1 <= AS_OF), clock_text(day + 1, office_seconds(rng, n))),
            "rectify_time": only(done, clock_text(rectified, office_seconds(rng, n))),
            "called_back": only(bad, np.where(rng.random(n) < 0.95, "1", "0")),
            "_day": day,
        }
    ).sort_values(["_day", "case_no"], ignore_index=True)
    stamps = clock_text(as_days(made["_day"].to_numpy()), np.full(n, 70_000))
    return made.assign(comment_no="HP" + numbers(np.arange(n) + 1, 9), update_time=stamps, _night=night_of(made["_day"]))


def _calls(registers: Registers, rng: np.random.Generator) -> pd.DataFrame:
    """Who calls about what and when; some call again about the same."""
    people = registers.world.people
    living = np.flatnonzero((people["death"].isna() & (people["registered"] == 0)).to_numpy())
    n = max(LEAST, len(people) // PEOPLE_PER_ORDER)
    day = working_days(rng, np.full(n, np.datetime64(SINCE)), np.full(n, AS_OF))
    day[: n // 60] = AS_OF - np.arange(n // 60) % 2
    type_ = pick(rng, list(DEMANDS), n, [35, 25, 18, 10, 8, 4])
    first = pd.DataFrame({"_person": rng.choice(living, n), "type": type_, "_day": day, "_again": False, EVENT: None})
    lag = np.where(rng.random(n) < AGAIN, rng.integers(1, REPEAT_DAYS + 1, n), np.where(rng.random(n) < LATE_AGAIN, 45, 0))
    second = first.assign(_day=day + lag, _again=lag <= REPEAT_DAYS, _first=np.arange(n))[lag > 0]
    calls = pd.concat([first.assign(_first=-1), second[second["_day"] <= AS_OF]], ignore_index=True)
    who = people.iloc[calls["_person"]]
    calls = calls.assign(
        caller_phone=who["phone"].to_numpy(dtype=object),
        address=who["address"].to_numpy(dtype=object),
        division=who["village12"].to_numpy(),
        title=calls["type"].map(DEMANDS),
        **{MOMENT: as_days(calls["_day"].to_numpy()).astype("datetime64[s]") + office_seconds(rng, len(calls)).astype("timedelta64[s]")},
    )
    return pd.concat([calls, _of_incidents(registers)], ignore_index=True)


def _of_incidents(registers: Registers) -> pd.DataFrame:
    """Calls about what happens in the city, of which other services are told, too."""
    told = registers.world.told("HOTLINE")
    named = {"code": "type", "text": "title", "moment": MOMENT, "phone": "caller_phone", "village": "division", "person": "_person"}
    rows = told[[*named, "address", "incident"]].rename(columns={**named, "incident": EVENT})
    return rows.assign(_day=told["moment"].to_numpy().astype("datetime64[D]"), _again=False, _first=-1)


def repeated(rows: pd.DataFrame, days: int = REPEAT_DAYS) -> np.ndarray:
    """Which rows ask again for the same: an earlier one of the caller, the type and the address lies at most so many days before."""
    moment = pd.to_datetime(rows["call_time"])
    order = rows.assign(_moment=moment, _at=np.arange(len(rows))).sort_values(["_moment", "order_no"])
    before = order.groupby(["caller_phone", "type", "address"])["_moment"].shift()
    found = np.zeros(len(rows), dtype=bool)
    found[order["_at"]] = ((order["_moment"].dt.normalize() - before.dt.normalize()).dt.days <= days).to_numpy()
    return found


@GOVERNMENT_SERVICES.table(
    "hotline",
    dirt=(
        Cell("D39", "caller_phone", 0.03, kind=one(masked, spares=UNDAMAGED)),
        Cell("D09", "caller_phone", 0.01, kind=one(one_of(PHONES[:1]), spares=UNDAMAGED)),
        Cell("D02", "address", 0.03),
        Cell("D22", "type", 0.08, kind=labels({"CONSULT": ("咨询",), "COMPLAINT": ("投诉",), "HELP": ("求助",)})),
        Cell("D40", "content", 0.02),
        Cell("D37", "call_time", 0.004),
        Cell("D18", "division", 0.02),
    ),
    copies=0.01,
    rejected=(Rejected("UNREADABLE", "call_time", 0.001), Rejected("MISSING", "update_time", 0.001)),
    number=Number("order_no", 2),
    after_dirt=with_endings,
)
def hotline(registers: Registers) -> pd.DataFrame:
    """Orders as they are known on their first night. `_repeat`: asks again for what the same caller asked for at most 30 days before."""
    rng = registers.world.stream("government services hotline")
    calls = _calls(registers, rng)
    n, day = len(calls), as_days(calls["_day"].to_numpy())
    number = "RX" + numbers(np.arange(n) + 1, 9)
    cases = known_cases(registers)["case_no"].to_numpy(dtype=object)
    allowed = np.where(calls["type"] == "CONSULT", 3, 10)
    ends = day + np.minimum(rng.geometric(0.25, n), 2 * allowed)
    marked = calls["_again"].to_numpy() & (rng.random(n) < 0.5)
    agency = pick(rng, sorted(kinds()["agency"].unique()), n)
    rated = rng.random(n) < 0.6
    rows = calls.assign(
        order_no=number,
        call_time=moment_text(calls[MOMENT].to_numpy().astype("datetime64[s]")),
        content=calls["title"] + "请尽快答复",
        case_no=only((calls["type"] == "COMPLAINT").to_numpy() & (rng.random(n) < 0.5), pick(rng, cases, n)),
        department=agency_codes(calls["division"].str[:6].to_numpy(), agency),
        assign_time=clock_text(day, np.full(n, 79_000)),
        due_time=clock_text(day + allowed, np.full(n, 86_399)),
        sign_time=clock_text(day, np.full(n, 80_000)),
        reply_time=clock_text(ends, np.full(n, 50_000)),
        finish_time=clock_text(ends, np.full(n, 60_000)),
        return_count=pick(rng, ["0", "1", "2"], n, [90, 8, 2]),
        satisfaction=only(rated, pick(rng, ["5", "4", "3", "2", "1"], n, [60, 25, 7, 5, 3])),
        solved=pick(rng, ["1", "0"], n, [88, 12]),
        dup_of=only(marked, number[calls["_first"].to_numpy(dtype=int)]),
        update_time=clock_text(ends, np.full(n, 71_000)),
        **{ENDS: ends, KNOWN: np.maximum(day, FIRST_NIGHT)},
    )
    rows["_repeat"] = repeated(rows) | rows["dup_of"].notna()
    rows[PROTECTED] = rows.duplicated(["caller_phone", "type", "address"], keep=False)
    before = dict.fromkeys(("reply_time", "finish_time", "satisfaction", "solved"))
    return as_known(rows, {**before, "return_count": "0", "update_time": clock_text(day, np.full(n, 71_500))})


@GOVERNMENT_SERVICES.table("hotline_day", copies=0.01, rejected=(Rejected("MISSING", "calls", 0.001),))
def hotline_days(registers: Registers) -> pd.DataFrame:
    """Calls of every day since SINCE."""
    rng = registers.world.stream("government services calls")
    days = np.arange(np.datetime64(SINCE), AS_OF + 1)
    orders = max(LEAST, len(registers.world.people) // PEOPLE_PER_ORDER) / len(days)
    calls = 3 + rng.poisson(CALLS_PER_ORDER * orders, len(days))
    answered = calls - rng.binomial(calls, 0.015)
    said = {"day": day_text(days), "calls": numbers(calls), "answered": numbers(answered)}
    return pd.DataFrame({**said, "sent_time": clock_text(days, np.full(len(days), 80_000)), "_night": night_of(days)})


@GOVERNMENT_SERVICES.finding("demands that are repeated", "themes/government_services/hotline", "flags", "REPEATED")
def repeated_demands(registers: Registers) -> pd.Series:
    rows = registers.delivered(HOTLINE)
    return keys(rows[rows["_repeat"]], ("order_no",)).drop_duplicates()


@GOVERNMENT_SERVICES.finding("praise by the system", "themes/government_services/comment", "flags", "AUTOMATIC")
def praise_by_the_system(registers: Registers) -> pd.Series:
    rows = registers.delivered("government_services/comment")
    return keys(rows[rows["automatic"] == "1"], ("comment_no",))
