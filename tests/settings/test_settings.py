"""Where an installation's settings come from, and what is said of a wrong one."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from resources.engine import Sail, Spark, engine_of
from resources.errors import CitylakeError
from resources.settings import load


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_more_particular_source_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "citylake.toml").write_text('s3_access_key = "file"\ns3_secret_key = "file"\ns3_region = "file"\nlake = "file"\n')
    (tmp_path / "secrets").mkdir()
    for name in ("citylake_s3_secret_key", "citylake_s3_access_key", "citylake_s3_region"):
        (tmp_path / "secrets" / name).write_text("secret\n")
    monkeypatch.setenv("CITYLAKE_SECRETS", str(tmp_path / "secrets"))
    monkeypatch.setenv("CITYLAKE_S3_ACCESS_KEY", "variable")
    monkeypatch.setenv("CITYLAKE_S3_REGION", "variable")
    settings = load(s3_region="option")
    assert settings.s3.environment() == {"AWS_REGION": "option", "AWS_ACCESS_KEY_ID": "variable", "AWS_SECRET_ACCESS_KEY": "secret"} | {
        name: value for name, value in settings.s3.environment().items() if name.endswith("TIMEOUT")
    }
    assert settings.lake == str(tmp_path / "file")
    assert "secret" not in str(settings.shown()["s3_secret_key"])


def test_every_library_waits_for_the_store_as_long_as_the_setting_says() -> None:
    store = load(s3_timeout=6).s3
    assert store.environment()["AWS_TIMEOUT"] == store.delta_options()["retry_timeout"] == "6s"
    assert store.hadoop()["spark.hadoop.fs.s3a.connection.timeout"] == "6s"
    assert store.client().meta.config.read_timeout == 2
    with pytest.raises(CitylakeError, match="s3_timeout"):
        load(s3_timeout=0)


def test_an_address_of_a_bucket_stays_as_it_is(tmp_path: Path) -> None:
    settings = load(lake="s3://city/lake/", landing="s3://city")
    assert (settings.lake, settings.landing) == ("s3://city/lake", "s3://city")
    assert load(landing="drops").landing == str(tmp_path / "drops")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"lake": "s3://City/lake"}, "a bucket is written s3://bucket"),
        ({"landing": "s3://city/第一"}, "a bucket is written s3://bucket"),
        ({"lake": "gs://city/lake"}, "only a folder or s3://bucket/prefix"),
        ({"lake": "/tmp/数据湖"}, "use a path of ASCII letters"),
        ({"spark": "yarn"}, "write local[N]"),
        ({"engine": "duckdb"}, "'sail' or 'spark'"),
    ],
)
def test_a_wrong_value_is_told_by_its_name(wrong: dict[str, str], said: str) -> None:
    with pytest.raises(CitylakeError, match="CITYLAKE_" + next(iter(wrong)).upper()) as e:
        load(**wrong)
    assert said in str(e.value)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("CITYLAKE_SPARK_CONF", "spark.x=1", "written as JSON"),
        ("CITYLAKE_NOTIFY", "mailto://lake:hidden@host", "it is not JSON such as"),
        ("CITYLAKE_NOTIFY", '{"health": "mailto://lake:hidden@host"}', "notify.health"),
        ("CITYLAKE_SECRETS", "nowhere", "the folder of secrets does not exist"),
        ("CITYLAKE_CONFIG", "nowhere.toml", "does not exist"),
        ("CITYLAKE_CONFIG", "broken.toml", "cannot be read"),
    ],
)
def test_a_source_that_cannot_be_read(variable: str, value: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.toml").write_text("lake = \n")
    monkeypatch.setenv(variable, value)
    with pytest.raises(CitylakeError, match=said) as e:
        load()
    assert "hidden" not in "".join(traceback.format_exception(e.value))


def test_a_setting_that_does_not_exist_is_named_with_its_file_and_the_nearest_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "lake.toml"
    monkeypatch.setenv("CITYLAKE_CONFIG", str(file))
    remove = "Remove it; docs/settings.md lists the settings."
    for text, said in (('landig = "drops"', "Write landing, if that is meant."), ("colour = 1", remove)):
        file.write_text(text)
        with pytest.raises(CitylakeError) as e:
            load()
        assert str(e.value) == f"SETTINGS: there is no setting {text.split()[0]!r} ({file}). {said}"
    file.write_text("tables_at_once = 'two'")
    with pytest.raises(CitylakeError, match=rf"CITYLAKE_TABLES_AT_ONCE or {file}"):
        load()


def test_channels_are_secrets_of_a_file_a_variable_or_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "citylake.toml").write_text('[notify]\nengineers = ["json://host/hidden", "mailto://host"]\nhealth = ["json://host"]\n')
    settings = load()
    assert settings.shown()["notify"] == "engineers: 2, health: 1"
    assert "json://host/hidden" in settings.secrets()
    (tmp_path / "citylake_notify").write_text('{"health": ["wecombot://hidden"]}\n')
    monkeypatch.setenv("CITYLAKE_SECRETS", str(tmp_path))
    assert load().shown()["notify"] == "health: 1"
    (tmp_path / "citylake_notify").write_text("")
    assert load().notify == {}


def test_the_engine_is_the_one_that_is_named() -> None:
    assert isinstance(engine_of(load()), Sail)
    assert isinstance(engine_of(load(engine="spark", spark="sc://127.0.0.1:1")), Spark)
    with pytest.raises(CitylakeError, match="no Spark Connect server answers"):
        _ = engine_of(load(engine="spark", spark="sc://127.0.0.1:1")).session
