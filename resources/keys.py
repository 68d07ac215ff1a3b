"""The secret key of the pseudonyms. It is kept outside the lake: a copy of the lake alone does not reverse a pseudonym.

Here: reading and making the key file. Not here: what is computed with it (`standards.pseudonym`).
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from resources.errors import CitylakeError

KEY_BYTES = 32


def read_key(path: Path) -> bytes:
    """The key's bytes from a file of 64 hexadecimal characters. Raises CitylakeError when it is missing or malformed."""
    remedy = "Create one with `citylake keys create` and keep a safe copy: another key changes every pseudonym"
    try:
        key = bytes.fromhex(path.read_text().strip())
    except FileNotFoundError as e:
        raise CitylakeError("KEY_MISSING", "there is no pseudonym key", str(path), remedy) from e
    except ValueError as e:
        raise CitylakeError("KEY_WRONG", "the pseudonym key is not hexadecimal", str(path), remedy) from e
    if len(key) < KEY_BYTES:
        raise CitylakeError("KEY_WRONG", f"the pseudonym key has {len(key)} bytes, not {KEY_BYTES}", str(path), remedy)
    return key


def create_key(path: Path) -> None:
    """Make a random key, readable by its owner only. Raises CitylakeError when one is there already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as e:
        raise CitylakeError(
            "KEY_EXISTS", "there is a pseudonym key already", str(path), "Keep it: with another key every pseudonym changes"
        ) from e
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")
