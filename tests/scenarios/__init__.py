"""Stories told in folders: what departments deliver, and everything that becomes of it.

    <suite>/contracts/*.yaml   contracts of the suite that the lake does not ship (optional)
    <suite>/<name>/
        scenario.yaml          proves (codes), done (one sentence); steps, delivery, manifest, make (optional, below)
        contract.yaml          a contract of this scenario alone (optional)
        input/<department>/<table>/<date>/…      as in the landing zone; with `steps`: input/<step>/<department>/…
        expected/balance.csv   every line of the ledger: table, date, kind, rows_in, published, quarantined, duplicates, rejected
        expected/published.csv, quarantined.csv  of the one table; of several: expected/<department>/<table>/…
        expected/problems.txt  every message, in order; {landing}, {lake} and {batch} stand for what differs from run to run

Text in `input` is UTF-8; it is delivered in the encoding and compression of the contract. Rows of a table that comes by
the exchange database are a CSV file under the contract's names, with `_op`. The manifest is written from the files;
a `manifest.json` in the folder is left as it is. In scenario.yaml:

    steps: [first, second]     folders below input, delivered and run one after the other; without: all dates, in order
    delivery:                  table -> what it agrees otherwise than its contract, such as its format
      health/staff: {format: jsonl, encoding: gb18030}
    manifest:                  drop -> fields that say something else; null: no manifest
      health/staff/2019-12-29: {row_count: 7}
    make:                      file -> how its bytes are made (`tests.scenarios.files`), for what a repository should not hold
      health/staff/2019-12-29/staff.csv: {text: "…", encoding: gb18030}

The header of an expected CSV names the columns that are compared. Published rows: columns of the contract, `_op`, `_codes` (codes
joined by a blank; when the column is not named, no row may carry one). Rows held back: date, file, line, codes (`column:CODE`,
joined by a blank), text (of an unreadable row), or a delivered column. An expected file that is not there means that there
is nothing: an extra row, code, message or line of the ledger fails the test.
"""

from tests.scenarios.runner import Scenario, below, play

__all__ = ["Scenario", "below", "play"]
