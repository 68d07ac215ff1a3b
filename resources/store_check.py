"""Is a store safe to commit to? Of several writers who put the same new object at once, exactly one may be acknowledged as the first.

Here: the question put to a real store, over and over. Not here: the store's client and settings, and when to ask.
Delta commits rest on this answer (`If-None-Match: *`): a store that ignores the header lets two nights' commits
overwrite each other without an error.
"""

from __future__ import annotations

import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from threading import Barrier, BrokenBarrierError

from botocore.exceptions import BotoCoreError, ClientError

from resources.errors import CitylakeError
from resources.s3 import S3Client, clear_errors, refusal

REFUSED = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")
UNKNOWN = ("NotImplemented", "501")
PATIENCE = 300
"""Seconds a writer waits for the others before a round."""


@dataclass(frozen=True)
class Verdict:
    """How the rounds ended. All are counts of rounds."""

    threads: int
    rounds: int
    one_first: int
    """Exactly one writer was acknowledged as the first, and the object is what it wrote."""
    several_first: int
    """Several writers were acknowledged: all but one have lost what they wrote."""
    none_first: int
    """No writer was acknowledged, though the object exists."""
    overwritten: int
    """One writer was acknowledged, but the object is what another wrote."""
    unsupported: bool = False
    """The store said that it does not know the condition."""

    @property
    def safe(self) -> bool:
        return not self.unsupported and 0 < self.rounds == self.one_first

    def __str__(self) -> str:
        if self.unsupported:
            return "the store does not know the condition If-None-Match"
        found = [
            (self.several_first, "acknowledged several writers as the first"),
            (self.overwritten, "kept another writer's object than the one it acknowledged"),
            (self.none_first, "acknowledged no writer as the first"),
        ]
        wrong = [f"in {count} the store {what}" for count, what in found if count]
        return f"{self.threads} writers, {self.rounds} rounds: {'; '.join(wrong) or 'one was first in each'}"


def put_if_absent(client: S3Client, bucket: str, prefix: str, threads: int = 8, rounds: int = 20) -> Verdict:
    """Let several writers put one new object at the same moment, in several rounds; the objects are removed afterwards.

    Args:
        client: S3 client of boto3.
        bucket: name of the bucket.
        prefix: where in the bucket the objects are put.
        threads: number of writers.
        rounds: number of rounds, one object each.

    Returns:
        How the rounds ended.

    Raises:
        CitylakeError: the store does not answer, or refuses for another reason than the condition.
    """
    where = "/".join(x for x in (prefix.strip("/"), f"put-if-absent-{secrets.token_hex(8)}") if x)
    place = f"s3://{bucket}/{where}"
    keys = [f"{where}/{n:06d}" for n in range(rounds)]
    by_writer: list[list[str]] = [[] for _ in range(threads)]
    try:
        with clear_errors(place, CitylakeError), ThreadPoolExecutor(threads) as pool:
            start = Barrier(threads)
            writing = [pool.submit(_write, client, bucket, keys, str(n), by_writer[n], start) for n in range(threads)]
            if failures := [e for w in writing if (e := w.exception())]:
                raise next((e for e in failures if not isinstance(e, BrokenBarrierError)), failures[0])
            if any("unsupported" in answers for answers in by_writer):
                return Verdict(threads, rounds, 0, 0, 0, 0, unsupported=True)
            kept = list(pool.map(lambda key: client.get_object(Bucket=bucket, Key=key)["Body"].read().decode(), keys))
    except BrokenBarrierError:
        raise CitylakeError("STORE", f"the store did not answer in {PATIENCE} s", place, "See the store's own log, and try again") from None
    finally:
        _remove(client, bucket, keys[: max(len(answers) for answers in by_writer) + 1])
    ends = Counter(_end(answers, writer) for answers, writer in zip(zip(*by_writer, strict=True), kept, strict=True))
    return Verdict(threads, rounds, ends["one"], ends["several"], ends["none"], ends["overwritten"])


def _write(client: S3Client, bucket: str, keys: list[str], writer: str, answers: list[str], start: Barrier) -> None:
    """One writer's rounds, in step with the others. An error ends the rounds of all."""
    try:
        for key in keys:
            start.wait(PATIENCE)
            answers.append(_put(client, bucket, key, writer))
    except BaseException:
        start.abort()
        raise


def _put(client: S3Client, bucket: str, key: str, writer: str) -> str:
    try:
        client.put_object(Bucket=bucket, Key=key, Body=writer.encode(), IfNoneMatch="*")
    except ClientError as e:
        code = refusal(e)
        if code in REFUSED:
            return "refused"
        if code in UNKNOWN:
            return "unsupported"
        raise
    return "first"


def _end(answers: tuple[str, ...], kept: str) -> str:
    first = [str(writer) for writer, answer in enumerate(answers) if answer == "first"]
    if len(first) > 1:
        return "several"
    if not first:
        return "none"
    return "one" if first == [kept] else "overwritten"


def _remove(client: S3Client, bucket: str, keys: list[str]) -> None:
    """As many as the store allows: what is left is small, and the error of the check itself is the one to report."""
    with suppress(ClientError, BotoCoreError):
        for key in keys:
            client.delete_object(Bucket=bucket, Key=key)
