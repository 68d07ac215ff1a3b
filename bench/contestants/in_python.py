"""What no rival's engine has built in, for one value at a time, in Python: the pseudonym, and names that are one character apart."""

from __future__ import annotations

from collections.abc import Callable

from cryptography.hazmat.primitives import hashes, hmac


def pseudonym(secret: bytes) -> Callable[[str], str]:
    """HMAC-SM3 of a text, 64 hexadecimal characters."""
    primed = hmac.HMAC(secret, hashes.SM3())

    def of(text: str) -> str:
        mac = primed.copy()
        mac.update(text.encode())
        return mac.finalize().hex()

    return of


def off_by_one(a: str, b: str) -> bool:
    """Whether one character was put in, left out or is another one."""
    if a == b or abs(len(a) - len(b)) > 1:
        return False
    short, long = sorted((a, b), key=len)
    at = next((i for i, (x, y) in enumerate(zip(short, long, strict=False)) if x != y), len(short))
    return short[at + (len(a) == len(b)) :] == long[at + 1 :]
