"""What lies near points and runs along lines; by hand and against geometry: `tests/traffic/test_network.py`; on both engines:
`tests/standards/test_both_engines.py`.
"""

from __future__ import annotations

import pytest

from assets.coverage import Along


def test_a_reach_beyond_the_cells_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 900"):
        Along(metres=901, degrees=30)
