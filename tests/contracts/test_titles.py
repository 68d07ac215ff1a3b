"""English titles: every table that is shipped has one of its own."""

from __future__ import annotations

import re
from collections import Counter

from contracts import load_all
from contracts.titles import english_titles


def test_every_table_has_an_english_title_of_its_own_in_its_layer() -> None:
    titles = english_titles()
    assert set(titles) == set(load_all()), "one line in contracts/titles.csv for each table"
    assert not [title for title in titles.values() if not re.fullmatch(r"[A-Z][ -~]*[a-z0-9)]", title)]
    assert not [key for key, n in Counter((table.split("/")[0], title) for table, title in titles.items()).items() if n > 1]
