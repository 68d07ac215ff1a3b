"""Titles and purposes: every table that is shipped has them in both languages."""

from __future__ import annotations

import re
from collections import Counter

from contracts import load_all


def test_every_table_has_an_english_title_of_its_own_in_its_layer() -> None:
    titles = {name: contract.title_en for name, contract in load_all().items()}
    assert not [name for name, title in titles.items() if not re.fullmatch(r"[A-Z][ -~]*[a-z0-9)]", title)]
    assert not [key for key, n in Counter((name.split("/")[0], title) for name, title in titles.items()).items() if n > 1]


def test_every_purpose_is_there_in_both_languages() -> None:
    assert not [name for name, c in load_all().items() if not re.search(r"[\u4e00-\u9fff].*。\Z", c.purpose_zh)]
    assert not [name for name, c in load_all().items() if not c.purpose.endswith(".")]
