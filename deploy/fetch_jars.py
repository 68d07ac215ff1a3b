"""Puts the Java packages that Spark needs for Delta and S3 among Spark's own jars, so that a server fetches none when it starts.
What Spark has itself, in its own version, is left out.

Run once when an image is built: python deploy/fetch_jars.py [FOLDER, by default that of PySpark's jars]
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pyspark

from resources.spark import EXCLUDES, PACKAGES

SPARK = Path(pyspark.__file__).parent


def main(target: Path) -> None:
    known = {artifact(jar) for jar in (SPARK / "jars").glob("*.jar")}
    with tempfile.TemporaryDirectory() as folder:
        nothing = Path(folder, "nothing.py")
        nothing.touch()
        options = ["--packages", ",".join(PACKAGES), "--exclude-packages", ",".join(EXCLUDES), "--conf", f"spark.jars.ivy={folder}/ivy"]
        subprocess.run(["bash", str(SPARK / "bin" / "spark-submit"), *options, str(nothing)], check=True, timeout=1800)
        target.mkdir(exist_ok=True)
        for jar in sorted(Path(folder, "ivy", "jars").glob("*.jar")):
            _group, _, name = jar.name.partition("_")
            if artifact(Path(name)) not in known:
                shutil.copy(jar, target / name)
                print(target / name)


def artifact(jar: Path) -> str:
    """A jar's name without its version."""
    return re.split(r"-\d", jar.name)[0]


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else SPARK / "jars")
