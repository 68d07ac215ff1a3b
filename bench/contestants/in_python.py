"""What no rival's engine has built in, for one value at a time, in Python: the pseudonym, how names and numbers that differ agree."""

from __future__ import annotations

import re
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


LOST, MARKS = re.compile("[*?□\ufffd\ue000-\uf8ff]"), re.compile("[?□\ufffd\ue000-\uf8ff]")
WILD = re.compile(f"[%_\\\\{MARKS.pattern[1:]}+")


def in_part(key: str) -> bool:
    """Whether a key with lost characters has others that can be compared."""
    return bool(MARKS.search(key)) and "*" not in key and bool(MARKS.sub("", key))


def could_be(key: str, whole: str) -> bool:
    """Whether a key with lost characters could be another one."""
    return in_part(key) and len(whole) <= len(key) and bool(re.fullmatch(".+".join(map(re.escape, WILD.split(key))), whole, re.DOTALL))


def kinship(a: str, b: str) -> str | None:
    """How two keys that are not equal agree: RARE, ONE_EDIT, NO_NAME; None when they contradict each other."""
    comparable = 2 <= len(a) <= 100 and 2 <= len(b) <= 100
    if comparable and (could_be(a, b) or could_be(b, a)):
        return "RARE"
    if LOST.search(a) or LOST.search(b):
        return "NO_NAME"
    return "ONE_EDIT" if comparable and off_by_one(a, b) else None


def off_by_one(a: str, b: str) -> bool:
    """Whether one character was put in, left out or is another one."""
    if a == b or abs(len(a) - len(b)) > 1:
        return False
    short, long = sorted((a, b), key=len)
    at = next((i for i, (x, y) in enumerate(zip(short, long, strict=False)) if x != y), len(short))
    return short[at + (len(a) == len(b)) :] == long[at + 1 :]


def mistyped(number: str, other: str) -> bool:
    """Whether a number is the other but for one digit, two neighbours turned round, or its missing check digit."""
    if len(number) == 17:
        return other[:17] == number
    if len(number) != 18 or len(other) != 18:
        return False
    wrong = [i for i in range(18) if number[i] != other[i]]
    turned = len(wrong) == 2 and wrong[1] == wrong[0] + 1 and all(number[i] == other[j] for i, j in (wrong, wrong[::-1]))
    return len(wrong) == 1 or turned
