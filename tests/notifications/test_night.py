"""One night in which everything goes wrong at once, and who is told what of it: by mail and web hooks that are really there."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from time import monotonic

import dagster as dg
import pytest
from pydantic import SecretStr

from pipelines.cli.notify import run_notify
from pipelines.cli.show import show_status
from pipelines.control.ledger import NOTICE
from pipelines.notifications.incidents import Incident, IncidentKind
from pipelines.notifications.notify import notify
from pipelines.orchestration.definitions import build
from pipelines.orchestration.nights import NightReport, dagster_instance, run_night
from pipelines.orchestration.sensors import notify_of_run
from pipelines.runtime import Runtime
from resources.channels import Message, send
from resources.engine import Engine
from resources.errors import LakeUnreachable
from resources.keys import create_key
from resources.lake import Lake
from resources.settings import Settings
from tests.cleansed.nights import citizen, staff, take_in
from tests.deliveries import deliver
from tests.departments import ABOUT_PERSONS
from tests.notifications.receivers import HOST, SECRET, Post, Web, free_port, post, web

SECONDS = 10.0
"""For all channels of this night, one of which never comes to an end."""
DAY, NEXT, LATER = "2019-12-31", "2020-01-01", "2020-02-03"
PERSON, NUMBER = "欧阳测试", citizen(7)
EVERYBODY = {"citizen_card", "civil_affairs", "engineers", "health", "human_resources", "public_security"}
POPULATION = {"base/population/death", "base/population/person", "base/population/scored_match", "base/population/source_link"}
ARCHIVE = {"themes/health/archive", "themes/health/cleanup_list", "themes/health/indicator", "themes/health/service"}


@dataclass
class Told:
    city: Runtime
    night: NightReport
    web: Web
    post: Post
    seconds: float
    log: list[str]

    def mail(self, to: str) -> list[dict[str, str]]:
        return [m for m in self.post.received if m["to"].startswith(to)]


class _Everything(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def card(number: int) -> dict[str, str]:
    return {"card_no": f"K{number:03}", "status": "1", "name": PERSON, "id_no": NUMBER, "update_time": "2019-12-01 08:00:00"}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Iterator[Told]:
    """A gate fails (staff), a delivery is refused (examination), one held (card), one late (certificate), a source is out of reach."""
    root = tmp_path_factory.mktemp("notices")
    (root / "landing").mkdir()
    key = root / "pseudonym.key"
    create_key(key)
    with web() as hook, post() as mail, pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", HOST)
        settings = Settings(
            lake=str(root / "lake"), landing=str(root / "landing"), key_file=key, profile="demo",
            departments=ABOUT_PERSONS, home=root / "dagster",
            exchange_url=SecretStr(f"sqlite:///{root}/nowhere.db"),
            notify={
                "health": [SecretStr(hook.url("take"))],
                "citizen_card": [SecretStr(mail.url("card"))],
                "engineers": [
                    SecretStr(u) for u in (mail.url("duty"), hook.url("broken"), hook.url("drip"), f"json://{HOST}:{free_port()}/{SECRET}")
                ],
            },
        )  # fmt: skip
        city = Runtime.of(settings, engine)
        for table, day, rows in (
            ("health/death_certificate", "2019-12-20", []),
            ("citizen_card/card", "2019-12-30", [card(i) for i in range(20)]),
        ):
            deliver(city, table, day, rows)
            take_in(city, table, day)
        deliver(city, "health/staff", DAY, [staff(f"L{i}", status="?!", name=PERSON, id_no=NUMBER) for i in range(15)])
        deliver(city, "health/examination", DAY, [], extra_lines=(f"{PERSON},{NUMBER}",), row_count=7)
        deliver(city, "citizen_card/card", DAY, [card(i) for i in range(10)])
        log, root_logger = _Everything(), logging.getLogger()
        patch.setattr("pipelines.notifications.notify.send", partial(send, seconds=SECONDS))
        patch.setattr(root_logger, "level", logging.DEBUG)
        root_logger.addHandler(log)
        try:
            started = monotonic()
            night = run_night(city, date.fromisoformat(DAY))
        finally:
            root_logger.removeHandler(log)
        yield Told(city, night, hook, mail, monotonic() - started, log.lines)


def keeps(message: str, table: str) -> set[str]:
    """The tables that the message says keep their last state because of one table."""
    lines = message.splitlines()
    at = next(i for i, line in enumerate(lines) if table in line and line[:1].isdigit())
    return set(
        re.split(
            r"[:、,] ?",
            next(line for line in lines[at:] if "沿用上次数据" in line or "keeps its last state" in line).split(":", 1)[1].strip(),
        )
    )


def test_each_department_gets_one_message_of_what_is_its_own(told: Told) -> None:
    (health,) = told.web.received
    assert (health["title"], health["type"]) == (f"【城市数据湖】{DAY}:3 项需要处理", "failure")
    text = health["message"]
    for part in (
        "卫生健康委员会",
        "1. 【未通过质量检查,未发布】卫生人员(cleansed/health/staff)",
        "2. 【交付被退回,未入库】健康体检(cleansed/health/examination)",
        "行数与清单不一致: DELIVERY_ROW_COUNT: 1 rows, 7 are declared",
        "3. 【未按约定时间交付】居民死亡医学证明(cleansed/health/death_certificate)",
        "应交付 2019-12-21,最近一次交付 2019-12-20,已超期 8 天",
        f"citylake run --as-of {DAY}",
    ):
        assert part in text
    assert keeps(text, "health/staff") == {"cleansed/health/staff"} | ARCHIVE
    assert keeps(text, "health/death_certificate") == {"cleansed/health/death_certificate"} | ARCHIVE | POPULATION
    assert "citizen_card" not in text
    (card_company,) = told.mail("card")
    assert card_company["title"] == f"【城市数据湖】{DAY}:1 项需要处理"
    assert "【交付已暂缓接收,等待确认】市民卡(cleansed/citizen_card/card)" in card_company["message"]
    assert "全量快照的行数比上次明显减少: DELIVERY_SHRUNK" in card_company["message"]


def test_the_engineers_get_everything_once_with_what_it_touches_and_the_next_command(told: Told) -> None:
    (duty,) = told.mail("duty")
    assert duty["title"] == f"citylake {DAY}: 5 new"
    text = duty["message"].replace("\r\n", "\n")
    asked = [
        (line.split()[1], line.split()[2].rstrip(":"), *re.findall(r"owner: (\w+)", line))
        for line in text.splitlines()
        if re.match(r"\d\.", line)
    ]
    assert asked == [
        ("GATE_FAILED", "cleansed/health/staff", "health"),
        ("SOURCE_UNREACHABLE", "cleansed/public_security/resident", "public_security"),
        ("HOLD", "cleansed/citizen_card/card", "citizen_card"),
        ("DELIVERY_REFUSED", "cleansed/health/examination", "health"),
        ("DELIVERY_LATE", "cleansed/health/death_certificate", "health"),
    ]
    assert keeps(text, "GATE_FAILED") == {"cleansed/health/staff"} | ARCHIVE
    assert keeps(text, "SOURCE_UNREACHABLE") == {"cleansed/public_security/resident"} | ARCHIVE | POPULATION
    commands = re.findall(r"next: (.*)", text)
    assert commands == [
        f"citylake run --as-of {DAY}",
        "citylake doctor",
        f"citylake holds citizen_card/card {DAY}",
        f"citylake run --as-of {DAY}",
        "citylake status",
    ]


def test_channels_that_fail_disturb_nothing_and_are_named_without_their_address(told: Told) -> None:
    (failure,) = told.night.failures
    assert "cleansed/health/staff" in failure
    assert len(told.night.problems) == 3
    assert told.night.notifications.troubles == [
        "engineers[1] json: refused the message, or cannot be reached",
        f"engineers[2] json: no answer within {SECONDS:g} s",
        "engineers[3] json: refused the message, or cannot be reached",
    ]
    assert [(a.channel, a.answered) for a in told.night.notifications.answers if a.answered] == [
        ("citizen_card[0] mailto", True), ("health[0] json", True), ("engineers[0] mailto", True)
    ]  # fmt: skip
    assert {"take", "broken", "drip"} == set(told.web.asked)


def test_no_personal_value_and_no_address_is_in_a_message_a_log_or_the_book(told: Told) -> None:
    book = told.city.lake.arrow(NOTICE)
    assert book is not None
    messages = [str(m) for m in (*told.web.received, *told.post.received)]
    texts = [*messages, *told.log, *told.night.notifications.troubles, str(book.to_pylist()), str(told.city.settings.shown())]
    assert len(messages) == 3
    assert len(told.log) > 100, "everything down to DEBUG was listened to"
    for value in (PERSON, NUMBER, SECRET):
        assert [t for t in texts if value in t] == []


def test_a_long_number_or_a_secret_that_got_into_an_error_goes_no_further(told: Told) -> None:
    runtime = told.city
    odd = Incident(IncidentKind.TABLE_FAILED, "themes/health/service", f"ODD: {NUMBER} at {SECRET} (x). y.")
    unexpected = Incident(IncidentKind.TABLE_FAILED, "themes/health/archive", f"cannot cast {PERSON}", unexpected="ArithmeticException")
    secret = runtime.settings.model_copy(update={"notify": {"engineers": [SecretStr(SECRET)]}})
    said = notify(
        Runtime(secret, runtime.lake, runtime.engine), "odd", date.fromisoformat(DAY), [odd, unexpected], whole=False, release=None
    )
    (letter,) = said.messages.values()
    assert "ODD: *** at ***" in letter.body
    assert "stopped unexpectedly with ArithmeticException" in letter.body
    assert PERSON not in letter.body


def test_a_run_is_told_once_and_what_still_stands_is_no_news(told: Told) -> None:
    city, night = told.city.with_lake(told.city.lake), told.night
    city.settings = told.city.settings.model_copy(update={"notify": {}})

    def again(run: str, day: str) -> dict[str, Message]:
        return notify(city, run, date.fromisoformat(day), night.incidents, whole=True, release=None).messages

    assert again(night.run_ids[-1], DAY) == {}
    nothing_new = again("next", NEXT)
    assert set(nothing_new) == {"engineers"}
    letter = nothing_new["engineers"]
    assert (letter.title, letter.urgency) == (f"citylake {NEXT}: nothing new, 5 still open, no release", "info")
    assert f"- HOLD cleansed/citizen_card/card, since {DAY}:" in letter.body
    assert set(again("a week later", "2020-01-07")) == EVERYBODY, "what never came is late by now"
    assert set(again("the day after", "2020-01-08")) == {"engineers"}


def test_runs_that_dagster_starts_are_told_by_its_sensor_and_those_of_the_command_line_are_not(told: Told) -> None:
    city = told.city.with_lake(told.city.lake)
    city.settings = told.city.settings.model_copy(update={"notify": {}})
    deliver(city, "health/examination", LATER, [], row_count=9)
    with dagster_instance(city.settings.home) as instance:
        by_command = instance.get_run_by_id(told.night.run_ids[-1])
        assert by_command is not None
        assert notify_of_run(city, instance, by_command) is None
        definitions = build(dg.ResourceDefinition.hardcoded_resource(city), city.contracts)
        result = definitions.resolve_job_def("ingest").execute_in_process(
            instance=instance, partition_key=LATER, asset_selection=[dg.AssetKey(["raw", "health", "examination"])], raise_on_error=False
        )
        (sensor,) = (s for s in definitions.sensors or [] if s.name == "notify_on_success")
        assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
        telling = notify_of_run(city, instance, result.dagster_run)
        assert telling is not None
        assert set(telling.messages) == {"health", "engineers"}
        assert "9 are declared" in telling.messages["health"].body
        assert "some tables only" in telling.messages["engineers"].body
        repeated = notify_of_run(city, instance, result.dagster_run)
        assert repeated is not None
        assert repeated.messages == {}

        lost = instance.create_run_for_job(definitions.resolve_job_def("rebuild"))
        instance.report_run_failed(lost, "gone")
        ended = instance.get_run_by_id(lost.run_id)
        assert ended is not None
        with web() as hook:
            city.settings = city.settings.model_copy(update={"notify": {"engineers": [SecretStr(hook.url("take"))]}})
            failed = instance.all_logs(lost.run_id)[-1].dagster_event
            assert failed is not None
            context = dg.build_run_status_sensor_context("notify_on_failure", failed, instance, ended, resources={"runtime": city})
            (sensor,) = (s for s in definitions.sensors or [] if s.name == "notify_on_failure")
            sensor(context)
        (message,) = hook.received
        assert message["title"].endswith(": 1 new")
        assert (
            f"RUN_FAILED the whole run: the run did not finish\n   what: rebuild did not finish; see the run {lost.run_id}"
            in (message["message"])
        )


def test_a_lake_that_cannot_be_asked_is_told_as_well(told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = tmp_path / "file"
    nowhere.write_text("no folder")
    city = told.city.with_lake(Lake(str(nowhere)))

    def lost(*_: object) -> None:
        raise LakeUnreachable("STORE", "the store does not answer", "s3://city", "Run it again")

    monkeypatch.setattr("pipelines.orchestration.nights._late_drops", lost)
    with web() as hook:
        city.settings = told.city.settings.model_copy(update={"notify": {"engineers": [SecretStr(hook.url("take"))]}})
        with pytest.raises(LakeUnreachable):
            run_night(city, date.fromisoformat(DAY))
    (message,) = hook.received
    assert message["title"] == f"citylake {DAY}: 1 new, no release"
    assert "what: STORE: the store does not answer (s3://city). Run it again." in message["message"]


def test_dagster_shows_the_late_table_and_what_is_made_without_it(told: Told) -> None:
    with dagster_instance(told.city.settings.home) as instance:
        events = [e.dagster_event for e in instance.all_logs(told.night.run_ids[-2]) if e.dagster_event is not None]
    fresh = {
        e.event_specific_data.asset_key.to_user_string(): e.event_specific_data  # type: ignore[union-attr]
        for e in events
        if e.event_type_value == "ASSET_CHECK_EVALUATION" and e.event_specific_data.check_name == "fresh"  # type: ignore[union-attr]
    }
    assert set(fresh) == set(told.city.sources)
    (late,) = (c for c in fresh.values() if not c.passed)  # type: ignore[union-attr]
    assert late.asset_key.to_user_string() == "cleansed/health/death_certificate"  # type: ignore[union-attr]
    assert late.severity == dg.AssetCheckSeverity.WARN  # type: ignore[union-attr]
    assert "keeps the state of 2019-12-20; expected 2019-12-21" in late.description  # type: ignore[union-attr]
    shown = {
        e.asset_key.to_user_string(): e.step_materialization_data.materialization.metadata["late deliveries"].value
        for e in events
        if e.is_step_materialization and e.asset_key and "late deliveries" in e.step_materialization_data.materialization.metadata
    }
    assert set(shown) == {"cleansed/health/death_certificate", *POPULATION}
    assert shown["base/population/person"] == (
        "- cleansed/health/death_certificate keeps the state of 2019-12-20; expected 2019-12-21 (health)"
    )


def test_the_command_line_shows_what_is_late_and_tries_the_channels(told: Told, capsys: pytest.CaptureFixture[str]) -> None:
    assert show_status(told.city.settings, as_json=True) == 1, "a table failed in its night"
    late = {o["table"]: o for o in json.loads(capsys.readouterr().out)["late"]}
    assert late["cleansed/health/death_certificate"]["ask"] == "Health Commission (卫生健康委员会)"
    assert set(late["cleansed/health/death_certificate"]["downstream"]) == ARCHIVE | POPULATION
    show_status(told.city.settings, as_json=False)
    assert "Late deliveries" in capsys.readouterr().out
    with web() as hook:
        notify = {"health": [SecretStr(hook.url("take"))], "helth": [SecretStr(hook.url("broken"))]}
        settings = told.city.settings.model_copy(update={"notify": notify})
        assert run_notify(settings, test=True, as_json=True) == 1
        said = capsys.readouterr().out
        assert SECRET not in said
        tried = {r["channel"]: r["verdict"] for r in json.loads(said)["recipients"] if r["channel"]}
        assert tried == {"health[0] json": "took the message", "helth[0] json": "refused the message, or cannot be reached"}
        assert "no table belongs to 'helth'" in said
        assert "通道 health 可用" in hook.received[0]["message"]
