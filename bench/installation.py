"""An installation of the lake of a contestant's own, in its outputs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from bench.job import KEY

if TYPE_CHECKING:
    from pipelines.runtime import Runtime

CONFIG = """\
lake = "{root}"
landing = "{landing}"
exchange_url = "sqlite:///{root}/exchange.db"
key_file = "{root}/pseudonym.key"
home = "{root}/home"
profile = "demo"
"""


def installation(root: Path, landing: Path) -> Runtime:
    """Its runtime, engine not started yet; its settings also for the processes it starts."""
    from pipelines.runtime import Runtime
    from resources.settings import CONFIG_VARIABLE, load

    for folder in (landing, root / "home"):
        folder.mkdir(exist_ok=True)
    (root / "pseudonym.key").write_text(KEY.hex())
    config = root / "citylake.toml"
    config.write_text(CONFIG.format(root=root.as_posix(), landing=landing.as_posix()))
    os.environ[CONFIG_VARIABLE] = str(config)
    return Runtime.of(load())
