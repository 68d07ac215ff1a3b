"""`citylake serve`: serve a release to analysts, read-only, over Spark Connect and Arrow Flight SQL."""

from __future__ import annotations

import ipaddress
import signal
import socket
import sys
from contextlib import closing, suppress
from types import FrameType

from pipelines.cli.remarks import remark_facts, show_remarks
from pipelines.cli.screen import console, errors, print_json
from pipelines.control.ledger import Release
from pipelines.serving.tables import Tables, released, tables_of
from pipelines.wrong_use import WrongUse
from resources.errors import CitylakeError
from resources.lake import Lake
from resources.settings import Settings

NEWEST = "latest"


def run_serve(
    settings: Settings, release: str, only: list[str] | None, host: str, port: int, flight_port: int | None, *, as_json: bool
) -> int:
    """Serve a release until the process gets SIGINT or SIGTERM.

    Args:
        settings: of the installation.
        release: a number, or `latest`.
        only: these tables, or all below these names; default all.
        host: address to listen on.
        port: of Spark Connect; 0 for a free one.
        flight_port: of Arrow Flight SQL, 0 for a free one; None: not served.
        as_json: print the addresses as JSON.

    Returns:
        Exit code 0.

    Raises:
        WrongUse: the release or a table does not exist.
        CitylakeError: the release is no longer kept, or the address is in use.
    """
    lake = Lake(settings.lake, settings.s3)
    found = released(lake, None if release == NEWEST else _number(release))
    tables = tables_of(lake, found, only or ())
    for wanted in (port, flight_port):
        if wanted is not None:
            _free(host, wanted)
    from pipelines.serving.endpoint import Endpoint
    from pipelines.serving.engine import Backend
    from pipelines.serving.flight import FlightSql

    def end(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    with suppress(KeyboardInterrupt):
        backend = Backend(settings.s3)
        endpoint = Endpoint(tables, backend, host, port)
        flight = FlightSql(tables, backend, host, flight_port) if flight_port is not None else None
        addresses = {"spark_connect": f"sc://{endpoint.address}", **({"flight_sql": f"grpc://{flight.address}"} if flight else {})}
        _show(found, tables, addresses, as_json=as_json)
        if not _loopback(host):
            errors.print("Everyone who reaches this address can read every served table: there is no log-in and no encryption.")
        endpoint.wait()
    return 0


def _show(release: Release, tables: Tables, addresses: dict[str, str], *, as_json: bool) -> None:
    names = [t.sql_name for t in tables]
    if as_json:
        print_json({**addresses, "release": release.number, "as_of": release.as_of, "tables": names, "remarks": remark_facts(release)})
    else:
        where = ", ".join(addresses.values())
        console.print(f"Release {release.number} as of {release.as_of}, {len(names)} tables, read-only: {where}", soft_wrap=True)
        show_remarks(release)
    sys.stdout.flush()


def _number(release: str) -> int:
    if not release.isdigit():
        raise WrongUse("RELEASE", f"{release!r} is not a release number", "--release", f"Give a number, or {NEWEST}")
    return int(release)


def _free(host: str, port: int) -> None:
    """Check that the address is free, as gRPC does not say why it is not. Raises CitylakeError."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with closing(socket.socket(family, kind)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as e:
        raise CitylakeError("ADDRESS", f"cannot listen there: {e.strerror or e}", f"{host}:{port}", "Give another --host or --port") from e


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
