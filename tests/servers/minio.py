"""An S3 server: MinIO with a folder, a port and random credentials of its own.

Here: one MinIO and its buckets. Not here: how citylake speaks to a store (`resources`).
"""

from __future__ import annotations

import contextlib
import json
import secrets
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import SecretStr

from resources.s3 import S3
from tests.servers.need import need
from tests.servers.process import LOOPBACK, Process, environment, free_port, in_a_folder

REGION = "us-east-1"
PUBLIC = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket")


class Minio:
    """A MinIO server that can be killed and started again over the same folder and port."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.access_key, self.secret_key = "k" + secrets.token_hex(8), secrets.token_urlsafe(24)
        env = environment(
            folder,
            MINIO_ROOT_USER=self.access_key,
            MINIO_ROOT_PASSWORD=self.secret_key,
            MINIO_BROWSER="off",
            MINIO_UPDATE="off",
            MINIO_CALLHOME_ENABLE="off",
            MINIO_CI_CD="1",  # a folder beside the operating system is good enough
        )
        where = ["--address", f"{LOOPBACK}:{self.port}", "--certs-dir", str(folder / "certs")]
        command = [str(need("minio")), "server", *where, "--quiet", str(folder / "data")]
        self._process = Process(command, folder / "minio.log", env=env, folder=folder)
        self.seconds_to_start = self._process.start(self._answers)

    @property
    def endpoint(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.alive

    def client(self, endpoint: str | None = None, *, retries: int = 0, **config: Any) -> Any:
        """A boto3 client, by default without retries: a test wants to see what happened. `endpoint`: that of a proxy in front."""
        return boto3.client(
            "s3",
            endpoint_url=endpoint or self.endpoint,
            region_name=REGION,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(
                **{
                    "retries": {"total_max_attempts": retries + 1},
                    "connect_timeout": 5,
                    "read_timeout": 20,
                    "s3": {"addressing_style": "path"},
                    **config,
                }
            ),
        )

    def s3(self, endpoint: str | None = None) -> S3:
        """The store as citylake's settings name it; `endpoint`: that of a proxy in front."""
        return S3(endpoint or self.endpoint, REGION, self.access_key, SecretStr(self.secret_key))

    def bucket(self, name: str | None = None, *, public: bool = False) -> str:
        """A new bucket, by default under a name nobody uses. `public`: reading and writing need no signature."""
        name = name or f"bucket-{secrets.token_hex(6)}"
        client = self.client()
        client.create_bucket(Bucket=name)
        if public:
            where = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
            allow = {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": list(PUBLIC), "Resource": where}
            client.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
        return name

    def kill(self) -> None:
        """End the server at once (SIGKILL)."""
        self._process.kill()

    def start_again(self) -> None:
        """Start it again over the same folder, port and credentials, and wait until it answers."""
        self.seconds_to_start = self._process.start(self._answers)

    def stop(self) -> None:
        self._process.stop()

    def _answers(self) -> bool:
        """A signed request: the port is open long before the server knows its users."""
        try:
            self.client(connect_timeout=1, read_timeout=5).list_buckets()
        except (BotoCoreError, ClientError):
            return False
        return True


def minio_server() -> contextlib.AbstractContextManager[Minio]:
    """A MinIO inside the block; nothing of it is left after."""
    return in_a_folder("minio", Minio)
