"""SM3, HMAC-SM3 and the pseudonym of a column, by the published and computed vectors."""

from __future__ import annotations

from standards.pseudonym import hmac_sm3_hex, pseudonym_column, sm3_hex

KEY = b"demo-key-not-secret"
NUMBER = "321002190802290125"
PSEUDONYM = "98e2f3a755801325dbced42cba366471006e4e2a185309498c232ecf675a4575"


def test_sm3_of_the_standards_example():
    assert sm3_hex(b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert sm3_hex("云上扬州".encode()) == "c0ca6f7b2e8e888dc594e683808233fa2b1d9488f340981e8a6f4a254e754070"


def test_the_pseudonym_depends_on_the_key():
    assert hmac_sm3_hex(KEY, NUMBER) == PSEUDONYM
    assert hmac_sm3_hex(b"another", NUMBER) != PSEUDONYM


def test_a_column_gets_the_same_pseudonyms_and_keeps_its_nulls(column_of):
    assert column_of([NUMBER, None, NUMBER, "云"], pseudonym_column(KEY)) == [PSEUDONYM, None, PSEUDONYM, hmac_sm3_hex(KEY, "云")]
