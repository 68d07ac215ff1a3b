"""Makes the buckets of lake and landing zone that are not there yet, with the protections their store offers.

Here: which buckets. Not here: how one is made (`resources.store`), who may reach it (docs/installation.md).
"""

from __future__ import annotations

import sys

from resources.errors import CitylakeError
from resources.settings import load
from resources.store import Bucket, store_at


def main() -> None:
    settings = load()
    places = {store.bucket: store for root in (settings.lake, settings.landing) if isinstance(store := store_at(root, settings.s3), Bucket)}
    for store in places.values():
        print(*store.bootstrap(), sep="\n")


if __name__ == "__main__":
    try:
        main()
    except CitylakeError as e:
        sys.exit(f"error: {e}")
