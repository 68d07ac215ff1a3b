"""Keyed pseudonyms by the national hash SM3 (GB/T 32905-2016).

Here: SM3, HMAC-SM3 and the Column function of one key. Not here: where keys come from, who may hold one.
Source: domain rules F4. A plain SM3 of an identity number is never a pseudonym: the numbers can be enumerated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd
from cryptography.hazmat.primitives import hashes, hmac
from pyspark.sql import Column
from pyspark.sql import functions as F


def sm3_hex(data: bytes) -> str:
    """SM3 of `data`: 64 lower-case hexadecimal characters."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize().hex()


def hmac_sm3_hex(key: bytes, text: str) -> str:
    """HMAC-SM3 of the UTF-8 bytes of `text`: 64 lower-case hexadecimal characters."""
    mac = hmac.HMAC(key, hashes.SM3())
    mac.update(text.encode())
    return mac.finalize().hex()


def pseudonym_column(key: bytes) -> Callable[[Column], Column]:
    """`Column -> Column`: HMAC-SM3 under `key` of a string column, 64 hexadecimal characters, NULL for NULL."""

    def of(texts: Iterator[pd.Series]) -> Iterator[pd.Series]:
        primed = hmac.HMAC(key, hashes.SM3())
        for batch in texts:
            yield pd.Series([_finish(primed, text) if isinstance(text, str) else None for text in batch], dtype=object)

    def _finish(primed: hmac.HMAC, text: str) -> str:
        mac = primed.copy()
        mac.update(text.encode())
        return mac.finalize().hex()

    return F.pandas_udf(of, "string")  # type: ignore[call-overload]
