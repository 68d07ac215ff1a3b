"""The commands of `citylake`, their options and help. Each command's module is imported when it runs, so that help is quick.

Exit codes: 0 all in order; 1 something failed and was not published; 2 wrong use; 3 done, but deliveries were refused.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup


class Commands(TyperGroup):
    """The list of commands, each with its full sentence."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.help) for name, command in self.commands.items()])


app = typer.Typer(
    cls=Commands,
    rich_markup_mode=None,  # its import takes longer than all other imports together
    help="The batch data lake of Cloud Yangzhou: from departments' extracts to tables a city can trust.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
keys = typer.Typer(help="The secret key of the pseudonyms.", no_args_is_help=True)
app.add_typer(keys, name="keys")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]
LakeOption = Annotated[str | None, typer.Option("--lake", help="Where the lake is: a folder or s3://… [CITYLAKE_LAKE].")]
ConfigOption = Annotated[Path | None, typer.Option("--config", help="Settings file [CITYLAKE_CONFIG, else citylake.toml].")]


class State:
    debug = False


@app.callback()
def main(debug: Annotated[bool, typer.Option("--debug", help="Show the full traceback of an error.")] = False) -> None:
    State.debug = debug


def _settings(config: Path | None, **overrides: Any) -> Any:
    from resources import settings

    if config is not None:
        os.environ[settings.CONFIG_VARIABLE] = str(config)
    return settings.load(**overrides)


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Folder of the demo city; an earlier demo city there is replaced.")] = Path("demo"),
    people: Annotated[int, typer.Option(min=200, help="Residents of the city.")] = 46_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same city.")] = 20191231,
    departments: Annotated[str | None, typer.Option(help="Departments that deliver, such as health,public_security; default: all.")] = None,
    json: Json = False,
) -> None:
    """Build a small city, run three nights, compare the findings with the truth, and write the pages of the last one."""
    from pipelines.cli.demo import run_demo

    names = None if departments is None else [name.strip() for name in departments.split(",")]
    raise typer.Exit(run_demo(folder, people, seed, names, as_json=json))


@app.command()
def truth(
    folder: Annotated[Path, typer.Option(help="Folder of the demo city.")] = Path("demo"),
    json: Json = False,
) -> None:
    """Compare a demo city's lake with its truth: findings, and how every kind of dirt was treated."""
    from pipelines.cli.evaluation import show_truth

    raise typer.Exit(show_truth(_settings(folder / "citylake.toml"), folder / "truth", as_json=json))


@app.command()
def run(
    as_of: Annotated[str, typer.Option("--as-of", help="Business date, YYYY-MM-DD.")],
    lake: LakeOption = None,
    landing: Annotated[str | None, typer.Option(help="Where departments deliver: a folder or s3://… [CITYLAKE_LANDING].")] = None,
    exchange_url: Annotated[str | None, typer.Option(help="SQLAlchemy URL of the exchange database [CITYLAKE_EXCHANGE_URL].")] = None,
    key_file: Annotated[Path | None, typer.Option(help="Key of the pseudonyms [CITYLAKE_KEY_FILE].")] = None,
    home: Annotated[Path | None, typer.Option(help="Dagster's own storage [CITYLAKE_HOME].")] = None,
    profile: Annotated[str | None, typer.Option(help="production or demo [CITYLAKE_PROFILE].")] = None,
    select: Annotated[list[str] | None, typer.Option(help="Only this table (repeat for more).")] = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """Run the night of one business date: ingest, cleanse, make all tables, release."""
    from pipelines.cli.run import run_date

    settings = _settings(config, lake=lake, landing=landing, exchange_url=exchange_url, key_file=key_file, home=home, profile=profile)
    raise typer.Exit(run_date(settings, as_of, select, as_json=json))


@app.command()
def rebuild(
    compare: Annotated[
        bool, typer.Option("--compare", help="Build a second lake, compare every table row for row, and change nothing.")
    ] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Also when raw no longer has every batch: the rows of the others are lost.")
    ] = False,
    lake: LakeOption = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """Rebuild everything after raw from all raw batches."""
    from pipelines.cli.rebuild import run_rebuild

    raise typer.Exit(run_rebuild(_settings(config, lake=lake), compare=compare, partial=partial, as_json=json))


@app.command()
def maintain(
    table: Annotated[
        list[str] | None, typer.Option(help="Only this table, such as operations/ledger (repeat for more); default: all.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done and change nothing.")] = False,
    lake: LakeOption = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """Compact small files and remove what no kept release needs; safe while nights and readers are active."""
    from pipelines.cli.maintain import run_maintain

    raise typer.Exit(run_maintain(_settings(config, lake=lake), table, dry_run=dry_run, as_json=json))


@app.command()
def status(lake: LakeOption = None, config: ConfigOption = None, json: Json = False) -> None:
    """Show the last night: releases, refused deliveries, tables, rows by fate, where the time went."""
    from pipelines.cli.show import show_status

    raise typer.Exit(show_status(_settings(config, lake=lake), as_json=json))


@app.command()
def profile(
    nights: Annotated[int, typer.Option(min=1, help="Number of last nights.")] = 7,
    table: Annotated[str | None, typer.Option(help="One table, part by part, such as cleansed/health/archive; default: all.")] = None,
    lake: LakeOption = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """Show the cost of the last nights: time, CPU, rows, bytes, engine jobs, memory; and tables that became slower."""
    from pipelines.cli.profile import show_profile

    raise typer.Exit(show_profile(_settings(config, lake=lake), nights, table, as_json=json))


@app.command()
def tables(
    release: Annotated[int | None, typer.Option(help="The tables of this release: name, version, URI.")] = None,
    lake: LakeOption = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """List every table: rows, version, owner, title; or the tables of one release with their URIs."""
    from pipelines.cli.query import show_release
    from pipelines.cli.show import show_tables

    settings = _settings(config, lake=lake)
    raise typer.Exit(show_tables(settings, as_json=json) if release is None else show_release(settings, release, as_json=json))


@app.command()
def contract(
    name: Annotated[str | None, typer.Argument(help="The table, such as cleansed/health/archive.")] = None,
    export: Annotated[Path | None, typer.Option(help="Write the full contracts into this folder: of the table, or of all.")] = None,
    ddl: Annotated[bool, typer.Option("--ddl", help="Print the SQL that creates the table in the exchange database.")] = False,
    json: Json = False,
) -> None:
    """Print a table's contract in full (Open Data Contract Standard), or export contracts for other tools."""
    from pipelines.cli.contract import export_contracts, show_contract, show_ddl

    if export is None and name is None:
        raise typer.BadParameter("Name a table, or give --export FOLDER for all.")
    if ddl:
        raise typer.Exit(show_ddl(name or ""))
    raise typer.Exit(show_contract(name or "", as_json=json) if export is None else export_contracts(name, export, as_json=json))


@app.command("new-table")
def new_table(
    name: Annotated[str, typer.Argument(help="department/table, such as water/reading.")],
    title: Annotated[str, typer.Option(help="Chinese name of the table.")],
    department_title: Annotated[str | None, typer.Option(help="Of a new department: its name.")] = None,
    theme: Annotated[str | None, typer.Option(help="Theme with an indicator of the table; default: named like the department.")] = None,
    format: Annotated[str, typer.Option(help="csv, xlsx or jsonl; for other formats see docs/new-table.md.")] = "csv",
    mode: Annotated[str, typer.Option(help="append (events), inc (changes by key) or full (whole lists).")] = "append",
    project: Annotated[Path | None, typer.Option(help="The checkout to write into; default: the one this command is of.")] = None,
    json: Json = False,
) -> None:
    """Write the files of a new department's table, its simulator and an indicator, ready to run."""
    from pipelines.cli import new_table as command

    asked = command.new_table(name, title=title, department_title=department_title, theme=theme, format=format, mode=mode)
    raise typer.Exit(command.write_new_table(asked, project or command.PROJECT, as_json=json))


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help='A query such as "SELECT state, count(*) FROM themes.health.archive GROUP BY state".')],
    release: Annotated[int | None, typer.Option(help="Read every table as of this release; default: the newest versions.")] = None,
    limit: Annotated[int, typer.Option(help="Maximum number of rows shown; 0 for all.")] = 100,
    lake: LakeOption = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """Query the lake's tables, named layer.domain.table."""
    from pipelines.cli.query import run_sql

    raise typer.Exit(run_sql(_settings(config, lake=lake), query, release, limit, as_json=json))


@app.command()
def serve(
    release: Annotated[
        str, typer.Option(help="The release to serve: a number, or latest; it does not change while the command runs.")
    ] = "latest",
    table: Annotated[
        list[str] | None, typer.Option(help="Serve only this table, or those below a name such as themes (repeat for more); default: all.")
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; on any but a loopback address everyone who reaches it can read.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of Spark Connect; 0 takes a free one.")] = 50051,
    flight_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port of Arrow Flight SQL; 0 takes a free one; default: not served.")
    ] = None,
    lake: LakeOption = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """Serve one release to analysts, read-only, over Spark Connect and Arrow Flight SQL."""
    from pipelines.cli.serve import run_serve

    raise typer.Exit(run_serve(_settings(config, lake=lake), release, table, host, port, flight_port, as_json=json))


@app.command()
def site(
    release: Annotated[int | None, typer.Option(help="The release; default: the newest.")] = None,
    folder: Annotated[Path, typer.Option(help="Where the pages are written; an earlier site there is replaced.")] = Path("site"),
    verify: Annotated[Path | None, typer.Option(help="Make nothing: show what was changed in this folder since it was made.")] = None,
    lake: LakeOption = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """Write the pages of a release, its catalogue and its open data into a folder; or verify such a folder."""
    from pipelines.cli.site import run_site, run_verify

    if verify is not None:
        known = lake is not None or config is not None
        raise typer.Exit(run_verify(_settings(config, lake=lake) if known else None, verify, as_json=json))
    raise typer.Exit(run_site(_settings(config, lake=lake), release, folder, as_json=json))


@app.command()
def quarantine(
    table: Annotated[str | None, typer.Argument(help="A table such as health/archive; default: all.")] = None,
    department: Annotated[str | None, typer.Option(help="Only rows that this department delivered.")] = None,
    code: Annotated[str | None, typer.Option(help="Only this reason: status:E_CODE, or E_CODE in any column.")] = None,
    date: Annotated[str | None, typer.Option(help="Only deliveries of this business date, YYYY-MM-DD.")] = None,
    rows: Annotated[int, typer.Option(help="Show this many rows: batch, file, line, codes.")] = 0,
    nights: Annotated[int, typer.Option(min=1, help="Number of nights in the trend.")] = 7,
    export: Annotated[Path | None, typer.Option(help="Write one workbook per department into this folder.")] = None,
    values: Annotated[bool, typer.Option("--values", help="Write the delivered values unmasked: personal data.")] = False,
    who: Annotated[str | None, typer.Option(help="With --values: the person who receives them.")] = None,
    why: Annotated[str | None, typer.Option(help="With --values: the reason.")] = None,
    lake: LakeOption = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """Show quarantined rows by reason and night; or export a workbook for each department to correct them."""
    from pipelines.quarantine.counts import Wanted

    settings, wanted = _settings(config, lake=lake), Wanted.of(table, department, code, date)
    if export is None:
        if values:
            raise typer.BadParameter("values are written only into a workbook: give --export FOLDER", param_hint="--values")
        from pipelines.cli.quarantine import show_quarantine

        raise typer.Exit(show_quarantine(settings, wanted, rows, nights, as_json=json))
    from pipelines.cli.export import run_export

    raise typer.Exit(run_export(settings, wanted, export, values=values, who=who, why=why, as_json=json))


@app.command()
def audit(lake: LakeOption = None, config: ConfigOption = None, json: Json = False) -> None:
    """Show who received personal values, when and why; exit code 1 when a line was tampered with."""
    from pipelines.cli.audit import show_audit

    raise typer.Exit(show_audit(_settings(config, lake=lake), as_json=json))


TableArgument = Annotated[str, typer.Argument(help="A table such as health/staff.")]
DateArgument = Annotated[str, typer.Argument(help="Business date of the held delivery, YYYY-MM-DD.")]
WhyOption = Annotated[str, typer.Option("--why", help="The reason, for later readers of operations/hold.")]
WhoOption = Annotated[str | None, typer.Option("--who", help="The person who decides; default: the login name.")]


@app.command()
def holds(
    table: Annotated[str | None, typer.Argument(help="A table such as health/staff; default: all.")] = None,
    day: Annotated[
        str | None, typer.Argument(help="Business date: show the differences from the contract, and what to write there.")
    ] = None,
    lake: LakeOption = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """List the held deliveries: why, since when, and what was decided."""
    from pipelines.cli.holds import show_holds

    raise typer.Exit(show_holds(_settings(config, lake=lake), table, day, as_json=json))


@app.command("release-hold")
def release_hold(
    table: TableArgument, day: DateArgument, why: WhyOption, who: WhoOption = None, lake: LakeOption = None,
    config: ConfigOption = None, json: Json = False,
) -> None:  # fmt: skip
    """Release a held delivery: the next run ingests it, once."""
    from pipelines.cli.holds import decide
    from pipelines.control.holds import HoldState

    raise typer.Exit(decide(_settings(config, lake=lake), table, day, HoldState.RELEASED, why=why, who=who, as_json=json))


@app.command("refuse-hold")
def refuse_hold(
    table: TableArgument, day: DateArgument, why: WhyOption, who: WhoOption = None, lake: LakeOption = None,
    config: ConfigOption = None, json: Json = False,
) -> None:  # fmt: skip
    """Refuse a held delivery for good; a corrected drop of the same date is ingested as any other."""
    from pipelines.cli.holds import decide
    from pipelines.control.holds import HoldState

    raise typer.Exit(decide(_settings(config, lake=lake), table, day, HoldState.REFUSED, why=why, who=who, as_json=json))


@app.command()
def explain(
    what: Annotated[str, typer.Argument(help="An identifier, such as an archive number or a person_uid; or the name of an indicator.")],
    release: Annotated[int | None, typer.Option(help="Explain it as of this release; default: the newest versions.")] = None,
    lake: LakeOption = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """Explain a record, such as the state of an archive: rules and evidence, each with file and line."""
    from pipelines.cli.explain import show_explanation

    raise typer.Exit(show_explanation(_settings(config, lake=lake), what, release, as_json=json))


@app.command()
def bootstrap(
    lake: LakeOption = None,
    landing: Annotated[str | None, typer.Option(help="Where departments deliver: a folder or s3://… [CITYLAKE_LANDING].")] = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """Create the folders or buckets of lake and landing zone; buckets keep old versions for a while."""
    from pipelines.cli.bootstrap import run_bootstrap

    raise typer.Exit(run_bootstrap(_settings(config, lake=lake, landing=landing), as_json=json))


@app.command()
def doctor(
    thorough: Annotated[bool, typer.Option("--thorough", help="Test the store's put-if-absent in 500 rounds instead of 20.")] = False,
    lake: LakeOption = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """Check that this installation is ready for a night: settings, key, store, database, clocks, engine; changes nothing."""
    from pipelines.cli.doctor import run_doctor

    raise typer.Exit(run_doctor(lambda: _settings(config, lake=lake), thorough=thorough, as_json=json))


@app.command()
def check(
    release: Annotated[int | None, typer.Option(help="The release to check; default: the newest.")] = None,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Also rebuild everything from raw and compare; takes as long as a night.")
    ] = False,
    lake: LakeOption = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """Verify the invariants of the lake on a release; exit code 1 when one is violated."""
    from pipelines.cli.check import run_check

    raise typer.Exit(run_check(_settings(config, lake=lake), release, thorough=thorough, as_json=json))


@app.command()
def notify(
    test: Annotated[bool, typer.Option("--test", help="Send a test message on every channel and show which accepted it.")] = False,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """Show who is notified of problems, and by which channels."""
    from pipelines.cli.notify import run_notify

    raise typer.Exit(run_notify(_settings(config), test=test, as_json=json))


@keys.command("create")
def create(config: ConfigOption = None) -> None:
    """Create the key file that the settings name."""
    from resources.keys import create_key

    settings = _settings(config)
    create_key(settings.key_file)
    typer.echo(f"key written to {settings.key_file}")


def entry() -> None:
    """Run the command and exit at once, without the interpreter's teardown.

    On an object store a thread of Arrow may still release objects of delta-rs, which aborts an interpreter that is shutting down
    and would change the exit code.
    """
    code = _run()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _run() -> int:
    """Run the command and return its exit code. An error is one line that says what, where and what to do.

    Characters that the terminal's encoding lacks are escaped on standard output, as Python does on standard error.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        app()
    except SystemExit as e:
        return e.code if isinstance(e.code, int) else int(e.code is not None)
    except Exception as e:
        if State.debug:
            traceback.print_exc()
            return 1
        from contracts import ContractError
        from pipelines.wrong_use import WrongUse
        from resources.errors import CitylakeError

        said = " ".join(str(e).split())[:300]
        if isinstance(e, CitylakeError | ContractError):
            line = str(e)
        elif isinstance(e, SyntaxError):
            line = f"SYNTAX: {e.msg} ({e.filename}, line {e.lineno}). Correct the file; nothing was run."
        else:
            line = f"{type(e).__name__}: {said}. Run again with `citylake --debug …` for the traceback."
        print(f"error: {line}", file=sys.stderr)
        return 2 if isinstance(e, WrongUse) else 1
    return 0
