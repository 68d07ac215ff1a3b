"""The commands of `citylake`, their options and help. What they do is imported only when they run: help must be quick.

Exit codes: 0 all in order; 1 something failed and was not published; 2 wrong use; 3 done, but deliveries were refused.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup


class Commands(TyperGroup):
    """The list of commands, each with its whole sentence."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.help) for name, command in self.commands.items()])


app = typer.Typer(
    cls=Commands,
    rich_markup_mode=None,  # its import takes longer than all the others together
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
def main(debug: Annotated[bool, typer.Option("--debug", help="Show the whole traceback of an error.")] = False) -> None:
    State.debug = debug


def _settings(config: Path | None, **overrides: Any) -> Any:
    from resources import settings

    if config is not None:
        os.environ[settings.CONFIG_VARIABLE] = str(config)
    return settings.load(**overrides)


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the demo city lives; made anew.")] = Path("demo"),
    people: Annotated[int, typer.Option(min=200, help="Residents of the city.")] = 46_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same city.")] = 20191231,
    json: Json = False,
) -> None:
    """Build a small city, run three nights, and show what was found against the truth."""
    from pipelines.cli.demo import run_demo

    raise typer.Exit(run_demo(folder, people, seed, as_json=json))


@app.command()
def truth(
    folder: Annotated[Path, typer.Option(help="Where the demo city lives.")] = Path("demo"),
    json: Json = False,
) -> None:
    """Hold a demo city's lake against its truth: what was found, and of every kind of dirt how much was treated rightly."""
    from pipelines.cli.reckoning import show_truth

    raise typer.Exit(show_truth(_settings(folder / "citylake.toml"), folder / "truth", as_json=json))


@app.command()
def run(
    as_of: Annotated[str, typer.Option("--as-of", help="Business date, YYYY-MM-DD.")],
    lake: LakeOption = None,
    landing: Annotated[str | None, typer.Option(help="Where the drops lie: a folder or s3://… [CITYLAKE_LANDING].")] = None,
    exchange_url: Annotated[str | None, typer.Option(help="SQLAlchemy URL of the exchange database [CITYLAKE_EXCHANGE_URL].")] = None,
    key_file: Annotated[Path | None, typer.Option(help="Key of the pseudonyms [CITYLAKE_KEY_FILE].")] = None,
    home: Annotated[Path | None, typer.Option(help="Dagster's own storage [CITYLAKE_HOME].")] = None,
    profile: Annotated[str | None, typer.Option(help="production or demo [CITYLAKE_PROFILE].")] = None,
    select: Annotated[list[str] | None, typer.Option(help="Only this table (repeat for more).")] = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """Run the night of one business date: take in, cleanse, make all tables, release."""
    from pipelines.cli.run import run_date

    settings = _settings(config, lake=lake, landing=landing, exchange_url=exchange_url, key_file=key_file, home=home, profile=profile)
    raise typer.Exit(run_date(settings, as_of, select, as_json=json))


@app.command()
def rebuild(
    compare: Annotated[
        bool, typer.Option("--compare", help="Build beside the lake and compare every table row for row; change nothing.")
    ] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Also when raw no longer keeps every batch: what came with those is lost.")
    ] = False,
    lake: LakeOption = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """Make everything after raw anew from all raw batches."""
    from pipelines.cli.rebuild import run_rebuild

    raise typer.Exit(run_rebuild(_settings(config, lake=lake), compare=compare, partial=partial, as_json=json))


@app.command()
def maintain(
    table: Annotated[
        list[str] | None, typer.Option(help="Only this table, such as operations/ledger (repeat for more); default: all.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done and change nothing.")] = False,
    lake: LakeOption = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """Put small files together and remove what no promised release needs; safe beside nights and readers."""
    from pipelines.cli.maintain import run_maintain

    raise typer.Exit(run_maintain(_settings(config, lake=lake), table, dry_run=dry_run, as_json=json))


@app.command()
def status(lake: LakeOption = None, config: ConfigOption = None, json: Json = False) -> None:
    """What happened last night: releases, deliveries refused, tables, what became of their rows, where the time went."""
    from pipelines.cli.show import show_status

    raise typer.Exit(show_status(_settings(config, lake=lake), as_json=json))


@app.command()
def profile(
    nights: Annotated[int, typer.Option(min=1, help="So many of the last nights.")] = 7,
    table: Annotated[str | None, typer.Option(help="One table, part by part, such as cleansed/health/archive; default: all.")] = None,
    lake: LakeOption = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """What the last nights cost: time, processor, rows, bytes, engine jobs, memory; and which tables became slower."""
    from pipelines.cli.profile import show_profile

    raise typer.Exit(show_profile(_settings(config, lake=lake), nights, table, as_json=json))


@app.command()
def tables(
    release: Annotated[int | None, typer.Option(help="The tables of this release: name, version, place.")] = None,
    lake: LakeOption = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """Every table: rows, version, owner, what it is; or those of one release and where they are."""
    from pipelines.cli.query import show_release
    from pipelines.cli.show import show_tables

    settings = _settings(config, lake=lake)
    raise typer.Exit(show_tables(settings, as_json=json) if release is None else show_release(settings, release, as_json=json))


@app.command()
def contract(
    name: Annotated[str | None, typer.Argument(help="The table, such as cleansed/health/archive.")] = None,
    export: Annotated[Path | None, typer.Option(help="Write the full contracts into this folder: of the table, or of all.")] = None,
    json: Json = False,
) -> None:
    """Print a table's contract in full (Open Data Contract Standard), or export contracts for other tools."""
    from pipelines.cli.contract import export_contracts, show_contract

    if export is None and name is None:
        raise typer.BadParameter("Name a table, or give --export FOLDER for all.")
    raise typer.Exit(show_contract(name or "", as_json=json) if export is None else export_contracts(name, export, as_json=json))


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help='A query such as "SELECT state, count(*) FROM themes.health.archive GROUP BY state".')],
    release: Annotated[int | None, typer.Option(help="Read every table as of this release; default: the newest versions.")] = None,
    limit: Annotated[int, typer.Option(help="Rows shown at most; 0 for all.")] = 100,
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
        str, typer.Option(help="The release to serve: a number, or latest; it stays the same until the command ends.")
    ] = "latest",
    table: Annotated[
        list[str] | None, typer.Option(help="Serve only this table, or those below a name such as themes (repeat for more); default: all.")
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; other than this machine's own, everyone who reaches it can read.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of Spark Connect; 0 takes a free one.")] = 50051,
    flight_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port of Arrow Flight SQL; 0 takes a free one; default: not served.")
    ] = None,
    lake: LakeOption = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """Serve one release to analysts over Spark Connect and Arrow Flight SQL, only to be read."""
    from pipelines.cli.serve import run_serve

    raise typer.Exit(run_serve(_settings(config, lake=lake), release, table, host, port, flight_port, as_json=json))


@app.command()
def quarantine(
    table: Annotated[str | None, typer.Argument(help="A table such as health/archive; default: all.")] = None,
    department: Annotated[str | None, typer.Option(help="Only what this department delivered.")] = None,
    code: Annotated[str | None, typer.Option(help="Only this reason: status:E_CODE, or E_CODE in any column.")] = None,
    date: Annotated[str | None, typer.Option(help="Only deliveries of this business date, YYYY-MM-DD.")] = None,
    rows: Annotated[int, typer.Option(help="Show this many rows: batch, file, line, codes.")] = 0,
    nights: Annotated[int, typer.Option(min=1, help="Nights of the trend.")] = 7,
    export: Annotated[Path | None, typer.Option(help="Write one workbook per department into this folder.")] = None,
    values: Annotated[bool, typer.Option("--values", help="The workbook shows the delivered values unmasked: personal data.")] = False,
    who: Annotated[str | None, typer.Option(help="With --values: who gets them.")] = None,
    why: Annotated[str | None, typer.Option(help="With --values: what for.")] = None,
    lake: LakeOption = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """The rows held back: how many, for which reasons, night by night; or a workbook for each department to correct them."""
    from pipelines.quarantine.counts import Wanted

    settings, wanted = _settings(config, lake=lake), Wanted.of(table, department, code, date)
    if export is None:
        if values:
            raise typer.BadParameter("values are only given in a workbook: say --export FOLDER", param_hint="--values")
        from pipelines.cli.quarantine import show_quarantine

        raise typer.Exit(show_quarantine(settings, wanted, rows, nights, as_json=json))
    from pipelines.cli.export import run_export

    raise typer.Exit(run_export(settings, wanted, export, values=values, who=who, why=why, as_json=json))


@app.command()
def audit(lake: LakeOption = None, config: ConfigOption = None, json: Json = False) -> None:
    """Who was given personal values, when and why; exit code 1 when a line was tampered with."""
    from pipelines.cli.audit import show_audit

    raise typer.Exit(show_audit(_settings(config, lake=lake), as_json=json))


TableArgument = Annotated[str, typer.Argument(help="A table such as health/staff.")]
DateArgument = Annotated[str, typer.Argument(help="Business date of the held delivery, YYYY-MM-DD.")]
WhyOption = Annotated[str, typer.Option("--why", help="The reason, for those who read the books later.")]
WhoOption = Annotated[str | None, typer.Option("--who", help="Who decides; default: the login name.")]


@app.command()
def holds(
    table: Annotated[str | None, typer.Argument(help="A table such as health/staff; default: all.")] = None,
    day: Annotated[str | None, typer.Argument(help="Business date: shows what differs from the contract, and what to write there.")] = None,
    lake: LakeOption = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """The deliveries that are held: why, since when, and what was decided."""
    from pipelines.cli.holds import show_holds

    raise typer.Exit(show_holds(_settings(config, lake=lake), table, day, as_json=json))


@app.command("release-hold")
def release_hold(
    table: TableArgument, day: DateArgument, why: WhyOption, who: WhoOption = None, lake: LakeOption = None,
    config: ConfigOption = None, json: Json = False,
) -> None:  # fmt: skip
    """Let a held delivery in: the next run takes it in, once."""
    from pipelines.cli.holds import decide

    raise typer.Exit(decide(_settings(config, lake=lake), table, day, "released", why=why, who=who, as_json=json))


@app.command("refuse-hold")
def refuse_hold(
    table: TableArgument, day: DateArgument, why: WhyOption, who: WhoOption = None, lake: LakeOption = None,
    config: ConfigOption = None, json: Json = False,
) -> None:  # fmt: skip
    """Leave a held delivery out for good; a corrected drop of the same date is taken in as any other."""
    from pipelines.cli.holds import decide

    raise typer.Exit(decide(_settings(config, lake=lake), table, day, "refused", why=why, who=who, as_json=json))


@app.command()
def explain(
    what: Annotated[str, typer.Argument(help="An archive number or a person's uid.")],
    lake: LakeOption = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """Why an archive has its state: the rules that hit and the evidence, each with file and line."""
    from pipelines.cli.explain import show_explanation

    raise typer.Exit(show_explanation(_settings(config, lake=lake), what, as_json=json))


@app.command()
def bootstrap(
    lake: LakeOption = None,
    landing: Annotated[str | None, typer.Option(help="Where the drops lie: a folder or s3://… [CITYLAKE_LANDING].")] = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """Make the folders or buckets of lake and landing zone where they are not there; buckets keep old versions for a while."""
    from pipelines.cli.bootstrap import run_bootstrap

    raise typer.Exit(run_bootstrap(_settings(config, lake=lake, landing=landing), as_json=json))


@app.command()
def doctor(
    thorough: Annotated[bool, typer.Option("--thorough", help="Try the store's put-if-absent 500 times instead of 20.")] = False,
    lake: LakeOption = None,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """Is this installation fit for a night? Settings, key, store, database, clocks, engine; changes nothing."""
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
    """Does everything hold that must always be true of the lake? Exit code 1 when an invariant is violated."""
    from pipelines.cli.check import run_check

    raise typer.Exit(run_check(_settings(config, lake=lake), release, thorough=thorough, as_json=json))


@app.command()
def notify(
    test: Annotated[bool, typer.Option("--test", help="Send a test message on every channel and say which took it.")] = False,
    config: ConfigOption = None,
    json: Json = False,
) -> None:
    """Who is told when something goes wrong, and by which channels."""
    from pipelines.cli.notify import run_notify

    raise typer.Exit(run_notify(_settings(config), test=test, as_json=json))


@keys.command("create")
def create(config: ConfigOption = None) -> None:
    """Make the key file that the settings name."""
    from resources.keys import create_key

    settings = _settings(config)
    create_key(settings.key_file)
    typer.echo(f"key written to {settings.key_file}")


def entry() -> None:
    """The program's entry. It ends at once when the work is done and said: on an object store a thread of Arrow's may still let go
    of what delta-rs' handler gave it, which aborts an interpreter that is ending, and would spoil the exit code."""
    code = _run()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _run() -> int:
    """Run the command. Errors are one line that says what, where and what to do."""
    try:
        app()
    except SystemExit as e:
        return e.code if isinstance(e.code, int) else int(e.code is not None)
    except Exception as e:
        if State.debug:
            traceback.print_exc()
            return 1
        from contracts import ContractError
        from resources.errors import CitylakeError

        known = isinstance(e, CitylakeError | ContractError)
        line = (
            str(e)
            if known
            else f"{type(e).__name__}: {' '.join(str(e).split())[:300]}. Run again with `citylake --debug …` for the traceback."
        )
        print(f"error: {line}", file=sys.stderr)
        return 1
    return 0
