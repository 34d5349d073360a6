"""Jars from Maven Central: locked lists with hashes, fetched by jgo, kept in a folder, checked before use."""

import csv
import fcntl
import hashlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jgo.maven import MavenContext
from jgo.parse import Coordinate
from requests import RequestException

from deploy.local.errors import EngineUnavailable

LOCK_FILE = Path(__file__).with_name("kafka_jars.csv")
# Resolved one by one: in one request log4j's managed versions win and put an older kafka-clients beside the broker.
ROOTS = ("org.apache.kafka:kafka_2.13:4.3.1", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4")
_WAYS_OUT = (
    "Ways out: an address in KAFKA_BOOTSTRAP_SERVERS; docker compose; "
    "a folder with the jars named in deploy/local/kafka_jars.csv, given by NEARMISS_KAFKA_JARS"
)


class WrongJar(Exception):
    """A jar came with another hash than the locked one; names its coordinate."""


def locked_jars(lock_file: Path = LOCK_FILE) -> dict[str, str]:
    """Read which jars the broker is made of.

    Args:
        lock_file: CSV with the columns coordinate and sha256.

    Returns:
        SHA-256 in hexadecimal by coordinate group:artifact:version.
    """
    with lock_file.open(newline="") as file:
        return {row["coordinate"]: row["sha256"] for row in csv.DictReader(file)}


def class_path(downloads: Path, folder: Path | None = None) -> str:
    """Find the broker's jars, fetching those that are not there yet.

    Args:
        downloads: Folder that keeps what is fetched; shared by processes.
        folder: The person's own folder of jars; nothing is fetched then.

    Returns:
        A class path for java.

    Raises:
        EngineUnavailable: no jars in the folder, or Maven Central cannot be reached or sends something else.
    """
    if folder is not None:
        if not any(folder.glob("kafka-clients-*.jar")):
            raise EngineUnavailable(f"NEARMISS_KAFKA_JARS names {folder}, which holds no kafka-clients jar")
        return f"{folder.resolve()}/*"
    return ":".join(str(jar) for jar in fetch_jars(LOCK_FILE, downloads, f"Kafka's jars. {_WAYS_OUT}"))


def fetch_jars(lock_file: Path, downloads: Path, told: str) -> list[Path]:
    """Return the jars of a locked list, fetching those that are not there yet.

    Args:
        lock_file: CSV with the columns coordinate and sha256.
        downloads: Folder that keeps what is fetched; shared by processes.
        told: What is being fetched, and the ways out where it cannot be; stands in the error.

    Raises:
        EngineUnavailable: Maven Central cannot be reached or sends something else.
    """
    kept = downloads / "jars"
    kept.mkdir(parents=True, exist_ok=True)
    with (downloads / "jars.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _fetch_missing(lock_file, kept, downloads / "maven", told)
    return [kept / _file_name(coordinate) for coordinate in locked_jars(lock_file)]


def write_lock_file(downloads: Path, lock_file: Path = LOCK_FILE) -> int:
    """Resolve the roots again and write the list; for whoever moves to another version of Kafka.

    Args:
        downloads: Folder that keeps what is fetched.
        lock_file: CSV to write.

    Returns:
        Number of jars.
    """
    context = MavenContext(repo_cache=downloads / "maven")
    hashes: dict[str, str] = {}
    for root in ROOTS:
        inputs, dependencies = context.resolver.resolve([context.create_dependency(_coordinate(root))])
        for dependency in (*inputs, *dependencies):
            artifact = dependency.artifact
            name = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
            hashes[name] = _sha256(artifact.resolve())
    with lock_file.open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("coordinate", "sha256"))
        rows.writerows(hashes.items())
    return len(hashes)


def _fetch_missing(lock_file: Path, kept: Path, repository: Path, told: str) -> None:
    wanted = locked_jars(lock_file)
    missing = {name: digest for name, digest in wanted.items() if not (kept / _file_name(name)).exists()}
    if not missing:
        return
    context = MavenContext(repo_cache=repository)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda item: _fetch(context, kept, *item), missing.items()))
    except (RequestException, RuntimeError) as failure:
        raise EngineUnavailable(f"Maven Central did not give ({failure}): {told}") from failure
    except WrongJar as failure:
        raise EngineUnavailable(
            f"Maven Central sent another {failure} than {lock_file.name} names: {told}"
        ) from failure
    shutil.rmtree(repository, ignore_errors=True)


def _fetch(context: MavenContext, kept: Path, coordinate: str, sha256: str) -> None:
    """Fetch one jar; only a right hash earns it its final name, so an interrupted start leaves no half file."""
    artifact = context.create_dependency(_coordinate(coordinate)).artifact
    half = artifact.cached_path
    if half is not None and half.exists() and _sha256(half) != sha256:
        half.unlink()
    fetched = artifact.resolve()
    if _sha256(fetched) != sha256:
        fetched.unlink()
        raise WrongJar(coordinate)
    fetched.replace(kept / _file_name(coordinate))


def _coordinate(text: str) -> Coordinate:
    group, artifact, version = text.split(":")
    return Coordinate(groupId=group, artifactId=artifact, version=version, scope="compile")


def _file_name(coordinate: str) -> str:
    _, artifact, version = coordinate.split(":")
    return f"{artifact}-{version}.jar"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
