"""A small counter of the city: items, cases, steps, comments, calls and letters, and nights in which some of them change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from tests.touch.network import Network, Row

FIRST = datetime(2019, 9, 2, 10)
DAYS = 125
"""Some events lie after the last night."""
COUNTIES = ("321002", "321003", "321000")
ITEMS, CALLERS, PLACES = ("I1", "I2", "I3", "I4", "I5", "I6"), ("13900000001", "13900000002", None), ("路1号", "路2号", None)
STAND_IN = "applicant_name:W_NAME_PLACEHOLDER"


class Counter(Network):
    """Tables by name, each with a maker of new rows. cases: how many; of other tables there are as many or twice as many rows."""

    def __init__(self, seed: int, cases: int = 60) -> None:
        super().__init__(seed)
        self.made = 0
        makers: dict[str, tuple[Callable[[], Row], int]] = {
            "item": (self._item, 14), "case": (self._case, cases), "case_step": (self._step, 2 * cases), "comment": (self._comment, cases),
            "case_suspension": (self._suspension, cases // 2), "hotline": (self._order, cases), "hotline_day": (self._calls, 20),
            "ems_dispatch": (self._letter, cases // 2),
        }  # fmt: skip
        self.makers = {f"cleansed/government_services/{t}": make for t, (make, _) in makers.items()}
        self.rows = {f"cleansed/government_services/{t}": [] for t in makers}
        for table, (make, n) in makers.items():
            self.rows[f"cleansed/government_services/{table}"] = [make() for _ in range(n)]
        for table in self.rows:
            self._once(table)

    def _number(self, kind: str) -> str:
        self.made += 1
        return f"{kind}{self.made}"

    def _moment(self, after: datetime | None = None) -> datetime | None:
        if after is None:
            return FIRST + timedelta(days=self.random.randrange(DAYS), hours=self.random.randrange(8))
        return self._pick(None, after + timedelta(days=self.random.randrange(30), hours=self.random.randrange(8)))

    def _case_no(self) -> str:
        cases = self.rows["cleansed/government_services/case"]
        return self._pick("nobody's", *[c["case_no"] for c in cases]) if cases else "nobody's"

    def _item(self) -> Row:
        law = self._pick(0, 5, 10, 20, None)
        return {
            "item_code": self._pick(*ITEMS), "item_version": self._pick(1, 2), "item_type": self._pick("01", "07", "20", "02", None),
            "department": self._pick("D1", "D2"), "division_county": self._pick(*COUNTIES), "law_days": law,
            "project_type": self._pick("PROMISED", "PROMISED", "IMMEDIATE"), "promise_days": self._pick(1, 3, 5, 12, None),
            "day_unit": self._pick("WORKDAY", "CALENDAR", None), "online_depth": self._pick("1", "3", "4", None),
            "no_meeting": self._pick("0", "1", None), "kind_3550": self._pick("ENTERPRISE_START", "REAL_ESTATE", "CONSTRUCTION"),
            "valid_from": self._pick(date(2018, 1, 1), date(2018, 1, 1), date(2019, 10, 15), date(2019, 12, 31)),
            "valid_to": self._pick(None, None, None, date(2019, 12, 30), date(2019, 11, 30)),
        }  # fmt: skip

    def _case(self) -> Row:
        apply = self._moment()
        accept = self._moment(apply)
        return {
            "case_no": self._number("C"), "item_code": self._pick(*ITEMS), "item_version": self._pick(1, 2), "apply_time": apply,
            "accept_time": accept, "finish_time": self._moment(self._pick(accept, apply)),
            "accept_result": self._pick("ACCEPTED", "REFUSED", None), "result": self._pick("GRANTED", "REFUSED", "GRANTED", "VOID", None),
            "applicant_kind": self._pick("PERSON", "ENTITY", None), "applicant_name": self._pick("甲", "测试公司", "某某检测试验公司"),
            "apply_channel": self._pick("WINDOW", "WEB", "APP", "AGENCY"), "visits": self._pick(0, 0, 0, 1, None),
            "deliver_type": self._pick("EMS", "ELECTRONIC", "PICKUP"), "division_county": self._pick(*COUNTIES),
            "promise_due": self._moment(), "_codes": self._pick([], [], [], [STAND_IN]),
        }  # fmt: skip

    def _step(self) -> Row:
        begin = self._moment()
        return {
            "case_no": self._case_no(), "step_no": self.random.randint(1, 4), "step": self._pick("ACCEPT", "REVIEW"),
            "at_window": self._pick("0", "0", "0", "1", None), "begin_time": begin, "end_time": self._moment(begin),
        }  # fmt: skip

    def _suspension(self) -> Row:
        begin = self._moment()
        return {"case_no": self._case_no(), "suspension_no": self.random.randint(1, 3), "reason": "HEARING", "from_time": begin,
                "to_time": self._moment(begin)}  # fmt: skip

    def _comment(self) -> Row:
        at = self._moment()
        return {
            "comment_no": self._number("K"), "case_no": self._case_no(), "stage": self._pick("FINISH", "ACCEPT", None), "comment_time": at,
            "score": self._pick(*"54321", None), "automatic": self._pick("0", "0", "1", None), "rectify_time": self._moment(at),
            "called_back": self._pick("0", "1", None),
        }  # fmt: skip

    def _order(self) -> Row:
        call = self._moment()
        earlier = [o["order_no"] for o in self.rows["cleansed/government_services/hotline"]] or [None]
        return {
            "order_no": self._number("O"), "call_time": call, "caller_phone": self._pick(*CALLERS), "type": self._pick("HELP", "REPORT"),
            "address_key": self._pick(*PLACES), "division_county": self._pick(*COUNTIES),
            "case_no": self._pick(None, None, self._case_no()), "due_time": self._moment(call),
            "finish_time": self._moment(self._pick(call, FIRST)), "return_count": self._pick(0, 0, 1, None),
            "satisfaction": self._pick(*"54321", None), "solved": self._pick("0", "1", None),
            "dup_of": self._pick(None, None, None, None, *earlier[-1:]),
        }  # fmt: skip

    def _calls(self) -> Row:
        calls = self.random.randint(1, 90)
        return {"day": self._moment().date(), "calls": calls, "answered": self.random.randint(0, calls)}  # type: ignore[union-attr]

    def _letter(self) -> Row:
        sent = self._moment()
        arrived = self._pick(self._moment(sent), FIRST)
        return {
            "ems_no": self._number("E"), "case_no": self._case_no(), "send_time": sent, "deliver_time": arrived,
            "state": self._pick("SENT", "DELIVERED", "RETURNED", None), "division_county": self._pick(*COUNTIES),
        }  # fmt: skip

    def night(self) -> None:
        """Of some tables a row comes, goes, or says something else under its key."""
        for table in self.random.sample(sorted(self.rows), 4):
            key, rows = self._key(table), self.rows[table]
            at = self.random.randrange(len(rows))
            rows[at] = {**self.makers[table](), **{k: rows[at][k] for k in key}}
            rows += [self.makers[table]() for _ in range(self.random.randint(0, 1))]
            if self.random.random() < 0.5:
                rows.pop(self.random.randrange(len(rows)))
            self._once(table)
