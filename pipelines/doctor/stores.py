"""Checks of the lake's store, the landing zone, the exchange database and their clocks.

Here: whether each answers, is writable, and is safe for commits. Not here: the engine on top of them (`engine`).
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from time import perf_counter

from contracts import load_all, sources
from pipelines.doctor.checks import NotChecked, NotUsed
from pipelines.taking_part import contracts_of
from resources.errors import CitylakeError, LakeUnreachable, Unreachable
from resources.landing import unclaimed
from resources.s3 import clear_errors
from resources.settings import Settings
from resources.store import Bucket, Store, is_bucket, store_at

FREE_BYTES = 1 << 30
"""A night needs at least this much free space on the lake's disk."""
SKEW_SECONDS = 60
SHOWN = 5
"""Folders named in a problem."""
WRITERS = 8
VERSIONS = ("Versions", "DeleteMarkers")
BOOTSTRAP = "Create it with `citylake bootstrap`, or correct the setting"


def now() -> datetime:
    """Return this machine's time."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Moment:
    """The difference of another clock: seconds it is ahead of ours."""

    whose: str
    ahead: float


class Stores:
    """The stores of one installation. Test files are written below `scratch` in the lake, a unique name."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.scratch = f".doctor-{secrets.token_hex(8)}"
        self._lake = store_at(settings.lake, settings.s3, LakeUnreachable)

    @cached_property
    def refusal(self) -> CitylakeError | None:
        """Why the lake's store cannot be used; None when it answers. It is probed once, as a dead store takes long to time out."""
        try:
            _reachable(self._lake)
        except CitylakeError as e:
            return e
        return None

    def require_lake(self) -> None:
        """Raises NotChecked when the lake's store does not answer."""
        if self.refusal:
            raise NotChecked("the lake's store must answer first")

    def lake(self) -> str:
        """Write, read and remove a small file in the lake's store."""
        if self.refusal:
            raise self.refusal
        begin = perf_counter()
        wrote = self._written()
        took = f"wrote, read and removed {len(wrote)} bytes in {(perf_counter() - begin) * 1000:.0f} ms"
        if isinstance(self._lake, Bucket):
            return f"{self._lake.root} at {self.settings.s3.where}: {took}; {self._versioning(self._lake)}"
        free = shutil.disk_usage(self._lake.root).free
        if free < FREE_BYTES:
            what = f"only {free / 2**20:.0f} MiB are free on the lake's disk"
            raise CitylakeError(
                "DISK", what, self._lake.root, "Free disk space: a night needs room for new files before it removes old ones"
            )
        return f"{self._lake.root}: {took}; {free / 2**30:,.1f} GiB free"

    def _written(self) -> bytes:
        path, text = f"{self.scratch}/written", secrets.token_bytes(1024)
        try:
            if isinstance(self._lake, Bucket):
                with clear_errors(self._lake.uri(path), LakeUnreachable):
                    self._lake.client.put_object(Bucket=self._lake.bucket, Key=self._lake.key(path), Body=text)
            else:
                file = Path(self._lake.root, path)
                file.parent.mkdir()
                file.write_bytes(text)
            with self._lake.open(path)[0] as found:
                same = found.read() == text
        except OSError as e:
            what = f"the lake's folder cannot be written ({e.strerror})"
            raise CitylakeError("FOLDER", what, self._lake.root, "Give this account permission to write there") from None
        if not same:
            raise CitylakeError("STORE", "the store returned other bytes than were written", self._lake.uri(path), "Do not use this store")
        self.clean()
        return text

    @staticmethod
    def _versioning(bucket: Bucket) -> str:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            state = bucket.client.get_bucket_versioning(Bucket=bucket.bucket).get("Status", "off")
        except (ClientError, BotoCoreError):
            return "whether old versions are kept is not known"
        return "old versions are kept" if state == "Enabled" else "old versions are not kept (`citylake bootstrap` turns that on)"

    def clean(self) -> str:
        """Remove the test files, in a bucket also their old versions."""
        self.require_lake()
        self._lake.remove(self.scratch)
        message = "nothing is left"
        if isinstance(self._lake, Bucket):
            gone = not self._lake.has(self.scratch)
            if gone and not self._purged(self._lake):
                message = "the objects are removed; their old versions stay as long as the bucket keeps those"
        else:
            gone = not Path(self._lake.root, self.scratch).exists()
        if not gone:
            raise CitylakeError(
                "STORE", "the test files cannot be removed", self._lake.uri(self.scratch), "Give the access key permission to delete"
            )
        return message

    def _purged(self, bucket: Bucket) -> bool:
        """Delete old versions and delete markers where the access key may; whether that was done."""
        from botocore.exceptions import BotoCoreError, ClientError

        where = {"Bucket": bucket.bucket, "Prefix": f"{bucket.key(self.scratch)}/"}
        try:
            for page in bucket.client.get_paginator("list_object_versions").paginate(**where):
                if old := [{"Key": v["Key"], "VersionId": v["VersionId"]} for kind in VERSIONS for v in page.get(kind, [])]:
                    bucket.client.delete_objects(Bucket=bucket.bucket, Delete={"Objects": old, "Quiet": True})
            return not any(bucket.client.list_object_versions(**where).get(kind) for kind in VERSIONS)
        except (ClientError, BotoCoreError):
            return False

    def put_if_absent(self, rounds: int) -> str:
        """Of several writers of one new object, exactly one succeeds: every commit depends on that."""
        from resources.store_check import put_if_absent

        if not isinstance(self._lake, Bucket):
            raise NotUsed("the lake is a folder")
        self.require_lake()
        begin = perf_counter()
        verdict = put_if_absent(self._lake.client, self._lake.bucket, self._lake.key(self.scratch), WRITERS, rounds)
        if not verdict.safe:
            remedy = "Use a store, and gateways, that honour If-None-Match on PUT: otherwise two commits can overwrite each other"
            raise CitylakeError("STORE_UNSAFE", f"this store is NOT safe for a lake: {verdict}", self._lake.root, remedy)
        return f"{verdict}; {perf_counter() - begin:.1f} s"

    def landing(self) -> str:
        """The landing zone can be read, and every delivery in it has a name under which a run finds it."""
        store = store_at(self.settings.landing, self.settings.s3)
        _reachable(store)
        folders = [c.name for c in store.children("") if c.is_folder]
        expected = {c.domain for c in contracts_of(self.settings.departments).values() if c.delivery and c.delivery.format != "database"}
        if lost := unclaimed(store, {f"{c.domain}/{c.table}" for c in sources(load_all()).values()}):
            shown = ", ".join(lost[:SHOWN]) + (f" and {len(lost) - SHOWN} more" if len(lost) > SHOWN else "")
            what = f"{len(lost)} with a manifest.json belong to no table and date, and no run reads them: {shown}"
            raise CitylakeError(
                "LANDING", what, store.root, "Name each folder <department>/<table>/<YYYY-MM-DD>, as docs/deliveries.md says"
            )
        return f"{store.root}: folders of {len(expected & set(folders))} of {len(expected)} departments that deliver files"

    @cached_property
    def _database(self) -> Moment | Unreachable | None:
        """The database's clock, None when it has none of its own, or why it does not answer. It is queried once."""
        import sqlalchemy as sa

        from resources.readers.exchange_connection import snapshot

        def ask(connection: sa.Connection) -> Moment | None:
            connection.execute(sa.text("SELECT 1"))
            before = now()
            said = connection.execute(sa.text("SELECT CURRENT_TIMESTAMP")).scalar_one()
            aware = isinstance(said, datetime) and said.tzinfo is not None
            return Moment("the exchange database", (said - before).total_seconds()) if aware else None

        secret = self.settings.exchange_url
        url = secret.get_secret_value() if secret else None
        try:
            with snapshot(url, None, ask) as (_, moment):
                return moment
        except Unreachable as e:
            return e

    def exchange(self) -> str:
        """The exchange database answers."""
        from resources.readers.exchange_connection import address

        tables = [c.name for c in contracts_of(self.settings.departments).values() if c.delivery and c.delivery.format == "database"]
        if not tables and self.settings.exchange_url is None:
            raise NotUsed("no table is delivered by a database")
        begin = perf_counter()
        if isinstance(self._database, Unreachable):
            raise self._database
        secret = self.settings.exchange_url
        where = address(secret.get_secret_value() if secret else None)
        return f"{where} answers in {(perf_counter() - begin) * 1000:.0f} ms; {len(tables)} tables are delivered there"

    def clocks(self) -> str:
        """The servers' clocks agree with ours: request signatures and the order of files depend on them."""
        moments: list[Moment] = []
        silent: list[str] = []
        sources: list[tuple[str, Callable[[], Moment | None]]] = []
        if place := next((p for p in (self.settings.lake, self.settings.landing) if is_bucket(p)), None):
            sources.append(("the store", lambda: self._store_clock(place)))
        if self.settings.exchange_url:
            sources.append(("the exchange database", self._database_clock))
        for whose, ask in sources:
            try:
                moments += [moment] if (moment := ask()) else []
            except CitylakeError:
                silent.append(f"{whose} does not answer")
        if wrong := [m for m in moments if abs(m.ahead) > SKEW_SECONDS]:
            what = "; ".join(
                f"the clock of {m.whose} is {abs(m.ahead):.0f} s {'ahead of' if m.ahead > 0 else 'behind'} ours" for m in wrong
            )
            raise CitylakeError("CLOCK", what, "clock", "Synchronize the clocks with NTP, this machine's first")
        if not moments and silent:
            raise NotChecked("; ".join(silent))
        if not moments:
            raise NotUsed("there is no other clock to compare with")
        return "; ".join([*(f"{m.whose} {m.ahead:+.1f} s" for m in moments), *silent])

    def _database_clock(self) -> Moment | None:
        if isinstance(self._database, Unreachable):
            raise self._database
        return self._database

    def _store_clock(self, place: str) -> Moment | None:
        """Read the clock of an S3 store from the date of its answer; refusals have one too."""
        from email.utils import parsedate_to_datetime

        from botocore.exceptions import ClientError

        bucket = Bucket(place, self.settings.s3)
        if place == self.settings.lake and self.refusal and "cannot be reached" in self.refusal.what:
            raise self.refusal
        with clear_errors(place, Unreachable):
            before = now()
            try:
                answer: object = bucket.client.list_objects_v2(Bucket=bucket.bucket, MaxKeys=1)
            except ClientError as e:
                answer = e.response
        headers = answer["ResponseMetadata"]["HTTPHeaders"] if isinstance(answer, dict) else {}
        with suppress(KeyError, ValueError, TypeError):
            return Moment("the store", (parsedate_to_datetime(headers["date"]) - before).total_seconds())
        return None


def _reachable(store: Store) -> None:
    if not isinstance(store, Bucket):
        if not Path(store.root).is_dir():
            raise CitylakeError("FOLDER", "the folder does not exist", store.root, BOOTSTRAP)
        if not os.access(store.root, os.R_OK | os.X_OK):
            raise CitylakeError("FOLDER", "the folder cannot be read", store.root, "Give this account permission to read it")
    store.check()
