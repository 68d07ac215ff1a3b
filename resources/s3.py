"""An S3 store as the settings name it, and what each library needs to know of it.

Here: one set of settings turned into those of boto3, delta-rs, Sail and Spark; a store's refusals as sentences.
Not here: what lies in the store (`store`), whether it may be trusted with a lake (`store_check`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from resources.errors import CitylakeError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client
else:
    S3Client = Any

SCHEME = "s3://"
CONNECT_SECONDS = 5
TIMEOUT = 30
"""Seconds of one whole request of delta-rs or Sail; delta-rs sends none again later than that."""
SILENCES = 3
"""As many times longer is a whole request than the longest silence of the store while boto3 awaits or reads an answer."""
ATTEMPTS = 3
"""Of one request; the pauses between them grow and are jittered."""
PROBES = 2
"""Of the question whether the store is there at all."""

REFUSALS = {
    "InvalidAccessKeyId": ("does not know the access key", "Correct CITYLAKE_S3_ACCESS_KEY"),
    "SignatureDoesNotMatch": ("refuses the secret key", "Correct CITYLAKE_S3_SECRET_KEY"),
    "AccessDenied": ("denies access", "Let the keys read and write this bucket, or correct them"),
    "403": ("denies access", "Let the keys read and write this bucket, or correct them"),
    "NoSuchBucket": ("has no such bucket", "Make it with `citylake bootstrap`, or correct the setting"),
    "RequestTimeTooSkewed": ("says that this machine's clock is more than 15 minutes off", "Set the clock (NTP) and try again"),
    "SlowDown": ("is overloaded", "Try again later"),
    "SlowDownRead": ("is overloaded", "Try again later"),
    "SlowDownWrite": ("is overloaded", "Try again later"),
    "ServiceUnavailable": ("is not available", "Try again later"),
    "503": ("is not available", "Try again later"),
    "XMinioStorageFull": ("is full", "Make room in the store"),
}
"""What a store answers -> what that means, what to do."""


@dataclass(frozen=True)
class S3:
    """Where the store is, who asks, and for how long. Without keys every library takes them from where AWS puts them (role, profile).

    timeout: seconds of one request.
    """

    endpoint: str | None = None
    region: str = "us-east-1"
    access_key: str | None = None
    secret_key: SecretStr | None = None
    timeout: int = TIMEOUT

    @property
    def _secret(self) -> str | None:
        return self.secret_key.get_secret_value() if self.secret_key else None

    @property
    def where(self) -> str:
        """The store's address for people."""
        return self.endpoint or f"AWS {self.region}"

    def client(self, attempts: int = ATTEMPTS) -> S3Client:
        """A boto3 client with time-outs and bounded, jittered retries."""
        import boto3
        from botocore.config import Config

        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=self.timeout / SILENCES,
            retries={"mode": "standard", "total_max_attempts": attempts},
            s3={"addressing_style": "path"} if self.endpoint else None,
        )
        session = boto3.session.Session()
        return session.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self._secret,
            config=config,
        )

    def environment(self) -> dict[str, str]:
        """The environment variables that Sail reads."""
        return _said(
            AWS_ENDPOINT=self.endpoint,
            AWS_ENDPOINT_URL=self.endpoint,
            AWS_ALLOW_HTTP="true" if (self.endpoint or "").startswith("http://") else None,
            AWS_REGION=self.region,
            AWS_ACCESS_KEY_ID=self.access_key,
            AWS_SECRET_ACCESS_KEY=self._secret,
            AWS_CONNECT_TIMEOUT=f"{CONNECT_SECONDS}s",
            AWS_TIMEOUT=f"{self.timeout}s",
        )

    def delta_options(self) -> dict[str, str]:
        """The storage options of delta-rs. It commits by put-if-absent."""
        return {**self.environment(), "retry_timeout": f"{self.timeout}s", "conditional_put": "etag"}

    def hadoop(self) -> dict[str, str]:
        """The properties of Spark's S3A. Tables have one address, s3://, on every engine."""
        return _said(
            **{
                "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
                "spark.hadoop.fs.s3a.endpoint": self.endpoint,
                "spark.hadoop.fs.s3a.path.style.access": "true" if self.endpoint else None,
                "spark.hadoop.fs.s3a.endpoint.region": self.region,
                "spark.hadoop.fs.s3a.access.key": self.access_key,
                "spark.hadoop.fs.s3a.secret.key": self._secret,
                "spark.hadoop.fs.s3a.connection.establish.timeout": f"{CONNECT_SECONDS}s",
                "spark.hadoop.fs.s3a.connection.timeout": f"{self.timeout}s",
                "spark.hadoop.fs.s3a.attempts.maximum": str(ATTEMPTS),
            }
        )


def _said(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}


def refusal(error: ClientError) -> str:
    """The code of a store's refusal; of a HEAD request, its HTTP status."""
    return str(error.response.get("Error", {}).get("Code"))


@contextmanager
def clear_errors(where: str, failure: type[CitylakeError]) -> Iterator[None]:
    """What boto3 raises, as one sentence of class `failure`, without boto3's words, which name keys."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        ConnectionError,
        HTTPClientError,
        NoCredentialsError,
        PartialCredentialsError,
    )

    try:
        yield
    except ClientError as e:
        code = refusal(e)
        what, remedy = REFUSALS.get(code, (f"answered {code}", "See the store's own log"))
        raise failure("STORE", f"the store {what}", where, remedy) from None
    except (NoCredentialsError, PartialCredentialsError):
        remedy = "Set CITYLAKE_S3_ACCESS_KEY and CITYLAKE_S3_SECRET_KEY"
        raise failure("STORE", "no keys for the store are set", where, remedy) from None
    except (ConnectionError, HTTPClientError) as e:
        remedy = "Check CITYLAKE_S3_ENDPOINT and that the store is up; then try again"
        raise failure("STORE", f"the store cannot be reached ({type(e).__name__})", where, remedy) from None
    except (BotoCoreError, Boto3Error, ValueError) as e:
        raise failure("STORE", f"the store cannot be used ({type(e).__name__})", where, "Check the settings of the store") from None
