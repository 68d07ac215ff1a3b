"""Files under one root, a folder or a part of a bucket: the same few verbs for both.

Here: listing, opening, removing; making a bucket. Not here: what the files are (`lake`, `landing`), how a store is
reached (`s3`).
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from resources.errors import CitylakeError, Unreachable
from resources.s3 import PROBES, S3, SCHEME, S3Client, clear_errors, refusal

KEEP_OLD_VERSIONS_DAYS = 30
"""How long a bucket keeps what was overwritten or deleted."""
MEMORY_BYTES = 1 << 20
"""A file of a bucket up to this size is kept in memory while it is read, a larger one in a temporary file."""


@dataclass(frozen=True)
class Child:
    name: str
    is_folder: bool


@dataclass(frozen=True)
class StoredFile:
    """path: from the root of the store; modified: by the store's own clock."""

    path: str
    size: int
    modified: datetime


class Store(ABC):
    """Paths are relative to the root, with `/` between their parts; "" is the root itself."""

    root: str

    def uri(self, path: str) -> str:
        """Where a path is, as engines and people write it."""
        return f"{self.root}/{path}" if path else self.root

    @abstractmethod
    def children(self, path: str) -> list[Child]:
        """What lies directly below a path, by name; nothing when it is not there."""

    @abstractmethod
    def open(self, path: str) -> tuple[BinaryIO, int]:
        """A file's bytes, seekable, and how many. Raises FileNotFoundError; OSError for what is no plain file."""

    @abstractmethod
    def remove(self, path: str, keep: Collection[str] = ()) -> None:
        """Remove all files below a path but those in `keep`; what is not there is no error."""

    @abstractmethod
    def files(self, path: str) -> list[StoredFile]:
        """All files below a path, however deep, by path; nothing when it is not there."""

    @abstractmethod
    def marks(self, path: str, name: str) -> dict[str, str]:
        """Of the files of a name in the folders directly below a path: folder -> a text that changes whenever the file does."""

    @abstractmethod
    def delete(self, paths: Collection[str]) -> None:
        """Remove single files; what is not there is no error. Folders that are empty then go too."""

    @abstractmethod
    def check(self) -> None:
        """Raises CitylakeError when the root cannot be listed now."""

    def has(self, path: str) -> bool:
        """Whether there is anything below a path."""
        return bool(self.children(path))

    @abstractmethod
    def has_file(self, path: str) -> bool:
        """Whether there is a file of this name."""


class Folder(Store):
    """A folder of this machine."""

    def __init__(self, root: str) -> None:
        self.root = root

    def children(self, path: str) -> list[Child]:
        folder = Path(self.root, path)
        return sorted((Child(p.name, p.is_dir()) for p in folder.iterdir()), key=lambda c: c.name) if folder.is_dir() else []

    def open(self, path: str) -> tuple[BinaryIO, int]:
        """No link is followed: neither the file nor a folder between it and the root may be one."""
        file = Path(self.root, path)
        above = Path(self.root)
        for part in Path(path).parts[:-1]:
            above /= part
            if above.is_symlink():
                raise OSError(errno.ELOOP, "the folder is a link")
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            os.close(handle)
            raise OSError(errno.EINVAL, "it is not a plain file")
        return os.fdopen(handle, "rb"), status.st_size

    def remove(self, path: str, keep: Collection[str] = ()) -> None:
        if not keep:
            shutil.rmtree(Path(self.root, path), ignore_errors=True)
            return
        for file in [f for f in Path(self.root, path).rglob("*") if f.is_file()]:
            if file.relative_to(self.root).as_posix() not in keep:
                file.unlink()
        for folder in sorted((f for f in Path(self.root, path).rglob("*") if f.is_dir()), reverse=True):
            if not any(folder.iterdir()):
                folder.rmdir()

    def files(self, path: str) -> list[StoredFile]:
        found = []
        for folder, _, names in os.walk(Path(self.root, path)):
            for name in names:
                file = Path(folder, name)
                with suppress(FileNotFoundError):  # another process has removed it meanwhile
                    status = file.lstat()
                    modified = datetime.fromtimestamp(status.st_mtime, UTC)
                    found.append(StoredFile(file.relative_to(self.root).as_posix(), status.st_size, modified))
        return sorted(found, key=lambda f: f.path)

    def marks(self, path: str, name: str) -> dict[str, str]:
        found = {}
        for child in self.children(path):
            with suppress(OSError):
                status = Path(self.root, path, child.name, name).lstat()
                found[child.name] = f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}"
        return found

    def delete(self, paths: Collection[str]) -> None:
        for path in paths:
            file = Path(self.root, path)
            file.unlink(missing_ok=True)
            with suppress(OSError):  # the first folder that is not empty
                for folder in file.relative_to(self.root).parents[:-1]:
                    Path(self.root, folder).rmdir()

    def has_file(self, path: str) -> bool:
        return Path(self.root, path).is_file()

    def check(self) -> None:
        try:
            next(os.scandir(self.root), None)
        except OSError as e:
            raise CitylakeError(
                "FOLDER", f"the folder cannot be read ({e.strerror})", self.root, "Create it, or correct the setting"
            ) from e


class Bucket(Store):
    """The keys below a prefix of an S3 bucket. failure: the class of the error when the store cannot be asked."""

    def __init__(self, root: str, s3: S3, failure: type[CitylakeError] = Unreachable) -> None:
        self.root, self._s3, self._failure = root.rstrip("/"), s3, failure
        self.bucket, _, self._prefix = self.root.removeprefix(SCHEME).partition("/")

    @cached_property
    def client(self) -> S3Client:
        with clear_errors(self._where(""), self._failure):
            return self._s3.client()

    def key(self, path: str) -> str:
        """The key of a path in the bucket."""
        return "/".join(part for part in (self._prefix, path) if part)

    def _below(self, path: str) -> str:
        key = self.key(path)
        return f"{key}/" if key else ""

    def children(self, path: str) -> list[Child]:
        prefix, found = self._below(path), []
        with clear_errors(self._where(path), self._failure):
            for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix, Delimiter="/"):
                found += [Child(p["Prefix"].removeprefix(prefix).rstrip("/"), True) for p in page.get("CommonPrefixes", [])]
                found += [Child(o["Key"].removeprefix(prefix), False) for o in page.get("Contents", [])]
        return sorted((c for c in found if c.name), key=lambda c: c.name)

    def open(self, path: str) -> tuple[BinaryIO, int]:
        from botocore.exceptions import ClientError

        with clear_errors(self._where(path), self._failure):
            file: BinaryIO = tempfile.SpooledTemporaryFile(MEMORY_BYTES)  # type: ignore[assignment]  # noqa: SIM115
            try:
                self.client.download_fileobj(self.bucket, self.key(path), file)
            except ClientError as e:
                file.close()
                if refusal(e) in ("404", "NoSuchKey"):
                    raise FileNotFoundError(errno.ENOENT, "no such object") from None
                raise
            except BaseException:
                file.close()
                raise
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        return file, size

    def has(self, path: str) -> bool:
        with clear_errors(self._where(path), self._failure):
            return bool(self.client.list_objects_v2(Bucket=self.bucket, Prefix=self._below(path), MaxKeys=1).get("KeyCount"))

    def has_file(self, path: str) -> bool:
        from botocore.exceptions import ClientError

        with clear_errors(self._where(path), self._failure):
            try:
                self.client.head_object(Bucket=self.bucket, Key=self.key(path))
            except ClientError as e:
                if refusal(e) in ("404", "NoSuchKey"):
                    return False
                raise
            return True

    def _keys(self, path: str) -> Iterator[str]:
        return (o["Key"] for o in self._objects(path))

    def _objects(self, path: str) -> Iterator[Any]:
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self._below(path)):
            yield from page.get("Contents", [])

    def remove(self, path: str, keep: Collection[str] = ()) -> None:
        kept = {self.key(k) for k in keep}
        with clear_errors(self._where(path), self._failure):
            self._delete([k for k in self._keys(path) if k not in kept])

    def files(self, path: str) -> list[StoredFile]:
        above = len(self._below(""))
        with clear_errors(self._where(path), self._failure):
            return [StoredFile(o["Key"][above:], o["Size"], o["LastModified"]) for o in self._objects(path)]

    def marks(self, path: str, name: str) -> dict[str, str]:
        above, end = len(self._below(path)), f"/{name}"
        with clear_errors(self._where(path), self._failure):
            found = {o["Key"][above:]: f"{o['ETag']}-{o['LastModified'].isoformat()}" for o in self._objects(path)}
        return {key.removesuffix(end): mark for key, mark in found.items() if key.count("/") == 1 and key.endswith(end)}

    def delete(self, paths: Collection[str]) -> None:
        with clear_errors(self._where(""), self._failure):
            self._delete([self.key(p) for p in paths])

    def _delete(self, keys: list[str]) -> None:
        for start in range(0, len(keys), 1000):
            batch = [{"Key": k} for k in keys[start : start + 1000]]
            self.client.delete_objects(Bucket=self.bucket, Delete={"Objects": batch, "Quiet": True})

    def check(self) -> None:
        with clear_errors(self._where(""), self._failure):
            self._s3.client(PROBES).list_objects_v2(Bucket=self.bucket, Prefix=self._below(""), MaxKeys=1)

    def _where(self, path: str) -> str:
        return f"{self.uri(path)} at {self._s3.where}"

    def bootstrap(self) -> list[str]:
        """Make the bucket when it is not there; keep old versions for a while; encrypt by default where the store can.

        Returns one sentence for each thing done or not offered. Doing it again changes nothing.
        """
        from botocore.exceptions import ClientError

        said = []
        with clear_errors(self._where(""), self._failure):
            try:
                self.client.head_bucket(Bucket=self.bucket)
                said.append(f"bucket {self.bucket} exists")
            except ClientError as e:
                if refusal(e) not in ("404", "NoSuchBucket"):
                    raise
                elsewhere = {} if self._s3.region == "us-east-1" else {"LocationConstraint": self._s3.region}
                extra = {"CreateBucketConfiguration": elsewhere} if elsewhere else {}
                self.client.create_bucket(Bucket=self.bucket, **extra)
                said.append(f"bucket {self.bucket} was created")
        for what, step in self._protections():
            try:
                step()
                said.append(f"{what}: set")
            except ClientError as e:
                said.append(f"{what}: not offered by this store ({refusal(e)})")
        return said

    def _protections(self) -> list[tuple[str, Callable[[], object]]]:
        rules = [
            {
                "ID": "citylake-old-versions", "Status": "Enabled", "Filter": {"Prefix": ""},
                "NoncurrentVersionExpiration": {"NoncurrentDays": KEEP_OLD_VERSIONS_DAYS},
                "Expiration": {"ExpiredObjectDeleteMarker": True},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
            }
        ]  # fmt: skip
        encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
        c, b = self.client, self.bucket
        return [
            ("versioning", lambda: c.put_bucket_versioning(Bucket=b, VersioningConfiguration={"Status": "Enabled"})),
            (
                f"old versions expire after {KEEP_OLD_VERSIONS_DAYS} days",
                lambda: c.put_bucket_lifecycle_configuration(Bucket=b, LifecycleConfiguration={"Rules": rules}),
            ),
            (
                "default encryption",
                lambda: c.put_bucket_encryption(Bucket=b, ServerSideEncryptionConfiguration=encryption),
            ),
        ]


def store_at(root: str, s3: S3 | None = None, failure: type[CitylakeError] = Unreachable) -> Store:
    """The store a root names: `s3://bucket/prefix`, or else a folder."""
    return Bucket(root, s3 or S3(), failure) if is_bucket(root) else Folder(root)


def is_bucket(root: str) -> bool:
    return re.match(SCHEME, root) is not None
