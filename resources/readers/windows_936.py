"""The codec `windows-936`: GB18030 with the one byte that only Windows' code page 936 knows, 0x80 for the euro sign.

Here: the codec and its registration. Not here: which files are decoded with it (contracts say `encoding: cp936`).
Source: Microsoft, code page 936; Python's own `cp936` is GBK without it.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

NAME = "windows-936"
EURO_BYTE, EURO_SIGN = 0x80, "€"
_BASE = codecs.lookup("gb18030")
_HANDLER = "windows-936-euro"


def _euro(error: UnicodeError) -> tuple[str, int]:
    if isinstance(error, UnicodeDecodeError) and error.object[error.start] == EURO_BYTE:
        return EURO_SIGN, error.start + 1
    raise error


def _decode(octets: Buffer, errors: str = "strict") -> tuple[str, int]:
    return _BASE.decode(octets, _HANDLER if errors == "strict" else errors)


class _IncrementalDecoder(codecs.IncrementalDecoder):
    def __init__(self, errors: str = "strict") -> None:
        super().__init__(errors)
        assert _BASE.incrementaldecoder is not None
        self._base = _BASE.incrementaldecoder(_HANDLER if errors == "strict" else errors)

    def decode(self, octets: bytes, final: bool = False) -> str:  # type: ignore[override]
        return self._base.decode(octets, final)


def _search(name: str) -> codecs.CodecInfo | None:
    if name != NAME.replace("-", "_"):
        return None
    return codecs.CodecInfo(_BASE.encode, _decode, incrementaldecoder=_IncrementalDecoder, name=NAME)


codecs.register_error(_HANDLER, _euro)
codecs.register(_search)
