"""Apache Kafka's own artefacts, fetched once by Maven into a folder of the user's cache, and a JDK to run them."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from triggerflow_local.home import CannotStart

VERSION = "4.4.0"
_FILES = Path(__file__).parent
_LEAST_JAVA = 17
_REMEDY = (
    f"Install a JDK {_LEAST_JAVA} or newer and Maven (Debian: apt-get install openjdk-17-jre-headless maven),"
    " or set KAFKA_BOOTSTRAP to the host:port of a Kafka that runs."
)


def java() -> str:
    """The `java` to run the broker with: JAVA_HOME's, else the PATH's. Raises CannotStart where it is none or old."""
    home = os.environ.get("JAVA_HOME", "")
    found = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if found is None:
        where = f"in JAVA_HOME ({home})" if home else "on the PATH"
        raise CannotStart(f"KAFKA_BOOTSTRAP: Kafka needs Java, and there is none {where}. {_REMEDY}")
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr
    match = re.search(r'version "(\d+)', said)
    if match is None or int(match[1]) < _LEAST_JAVA:
        version = match[1] if match else "of an unknown version"
        raise CannotStart(f"KAFKA_BOOTSTRAP: Kafka needs Java {_LEAST_JAVA} or newer, {found} is {version}. {_REMEDY}")
    return found


def library(say: Callable[[str], None] = lambda _: None) -> Path:
    """The folder with the broker's jars, filled at the first call. Raises CannotStart."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "triggerflow-canvas"
    folder = cache / f"kafka-{VERSION}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"kafka-{VERSION}.lock").open("w") as lock:
        # One fetches, the others wait for it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            say(f"Fetching Apache Kafka {VERSION} with Maven, once")
            _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise CannotStart(f"KAFKA_BOOTSTRAP: Kafka is fetched with Maven, and there is no mvn on the PATH. {_REMEDY}")
    fresh = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fetched = subprocess.run(
        [
            *(maven, "--quiet", "--batch-mode", "--file", str(_FILES / "pom.xml"), "dependency:copy-dependencies"),
            *(f"-DoutputDirectory={fresh}", "-DincludeScope=runtime"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if fetched.returncode != 0 or not fresh.is_dir():
        said = (fetched.stdout + fetched.stderr).strip()[-1_500:]
        raise CannotStart(f"KAFKA_BOOTSTRAP: Maven could not fetch Apache Kafka {VERSION}. {_REMEDY} It said:\n{said}")
    # All at once: a folder of that name is whole.
    fresh.rename(folder)
