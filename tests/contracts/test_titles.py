"""English titles: every table that is shipped has one of its own."""

from __future__ import annotations

import re
from collections import Counter

from contracts import load_all


def test_every_table_has_an_english_title_of_its_own_in_its_layer() -> None:
    titles = {name: contract.english for name, contract in load_all().items()}
    assert not [name for name, title in titles.items() if not re.fullmatch(r"[A-Z][ -~]*[a-z0-9)]", title)]
    assert not [key for key, n in Counter((name.split("/")[0], title) for name, title in titles.items()).items() if n > 1]
