"""Backup and restore of the services' databases: one moment of all, in files. `python -m shared.runtime.backup --help`.

The files lie as mongodump lays them out (a folder for each database; BSON and metadata for each collection, by gzip),
beside a manifest with counts and hashes. For databases whose reading takes hours, snapshots of the volumes are better.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import IO, Annotated, Any, Final, NoReturn, cast

import orjson
import typer
from bson import CodecOptions, decode_file_iter, json_util
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import OperationFailure, PyMongoError

from shared.contracts.topics import SERVICES
from shared.kernel.clock import SystemClock
from shared.runtime.lease import COLLECTION as LEASES
from shared.runtime.settings import RuntimeSettings

DATABASES: Final = (*SERVICES, "reporting_issued")
"""What is kept, without the prefix: each service's own, and what reporting has issued."""
MANIFEST: Final = "manifest.json"
ROWS_AT_ONCE: Final = 1_000
WINDOW: Final = "minSnapshotHistoryWindowInSeconds"
_RAW: Final[CodecOptions[Any]] = CodecOptions(document_class=RawBSONDocument)
_NOT_ALLOWED: Final = 13
_TOO_OLD: Final = (239, 246)

Client = MongoClient[dict[str, Any]]
Which = Annotated[list[str] | None, typer.Option("--database", help=f"Only these, of {', '.join(DATABASES)}.")]
Folder = Annotated[Path, typer.Argument(help="The backup's folder.")]

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


class BackupFault(Exception):
    """A backup cannot be made or used; the message says why and what to do."""


@app.command()
def dump(
    folder: Folder,
    database: Which = None,
    window_s: Annotated[int, typer.Option(min=60, help="How long MongoDB keeps the moment that is read.")] = 3_600,
) -> None:
    """Write everything that the databases held at one moment into a new folder, while the services run."""
    settings = RuntimeSettings()
    with _said_plainly(), _client(settings) as client, _window(client, window_s):
        os.umask(0o077)  # it holds personal data: nobody else on this machine reads it
        if folder.exists() and any(folder.iterdir()):
            raise BackupFault(f"{folder} is not empty: name a new folder")
        folder.mkdir(parents=True, exist_ok=True)
        written = dump_all(client, folder, settings.database_prefix, _chosen(database))
        _say(f"{written['documents']} documents of {len(written['databases'])} databases in {folder}")


@app.command()
def check(folder: Folder) -> None:
    """Say whether a backup is whole: every file there, and as it was written."""
    with _said_plainly():
        manifest = read_manifest(folder)
        _say(f"whole: {manifest['documents']} documents as of {manifest['made_at']}")


@app.command()
def restore(
    folder: Folder,
    database: Which = None,
    replace: Annotated[bool, typer.Option(help="Drop what the databases hold now.")] = False,
) -> None:
    """Put databases back as a backup holds them; the services must be stopped."""
    settings = RuntimeSettings()
    with _said_plainly(), _client(settings) as client:
        manifest = read_manifest(folder)
        done = restore_all(client, folder, manifest, settings.database_prefix, _chosen(database), replace=replace)
        _say(f"{done} documents as of {manifest['made_at']} are back")


def dump_all(client: Client, folder: Path, prefix: str, databases: Sequence[str]) -> dict[str, Any]:
    """Write databases as of one moment.

    Args:
        client: Reaches the replica set.
        folder: An empty folder.
        prefix: What the databases' names begin with.
        databases: Their names without it.

    Returns:
        The manifest, which is written last: a folder without one is no backup.

    Raises:
        BackupFault: MongoDB gave the moment up before all was read.
    """
    existing = set(client.list_database_names())
    # Listed before the first read: a collection that is made later is not part of the moment.
    present = {name: _collections(client, prefix + name) for name in databases if prefix + name in existing}
    found: dict[str, Any] = {}
    try:
        with client.start_session(snapshot=True) as session:
            for name, collections in present.items():
                target = folder / name
                target.mkdir()
                found[name] = {
                    one["name"]: _dump_one(client, session, prefix + name, one, target) for one in collections
                }
    except OperationFailure as error:
        if error.code in _TOO_OLD:
            raise BackupFault(
                "MongoDB gave up the moment that is read before all was read: raise --window-s, or its parameter "
                f"{WINDOW}, or take a snapshot of its volumes"
            ) from error
        raise
    manifest = {
        "made_at": SystemClock().now().isoformat(timespec="seconds"),
        "documents": sum(one["documents"] for database in found.values() for one in database.values()),
        "databases": found,
    }
    (folder / MANIFEST).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    return manifest


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read what a backup holds, and hold every file against its hash.

    Args:
        folder: The backup.

    Raises:
        BackupFault: it is not whole.
    """
    try:
        manifest: dict[str, Any] = orjson.loads((folder / MANIFEST).read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise BackupFault(f"{folder} has no {MANIFEST} that can be read: the backup was not finished") from error
    for name, collections in manifest["databases"].items():
        for collection, written in collections.items():
            path = folder / name / f"{collection}.bson.gz"
            if not path.exists() or _sha256(path) != written["sha256"]:
                raise BackupFault(f"{path} is missing or not as it was written: use another backup")
    return manifest


def restore_all(
    client: Client, folder: Path, manifest: dict[str, Any], prefix: str, databases: Sequence[str], *, replace: bool
) -> int:
    """Put databases back.

    Args:
        client: Reaches the replica set.
        folder: The backup, found to be whole.
        manifest: What it holds.
        prefix: What the databases' names begin with.
        databases: Their names without it; what the backup does not hold is passed over.
        replace: Whether what is there may be dropped.

    Returns:
        How many documents were written.

    Raises:
        BackupFault: a service still runs, or there is something that may not be dropped; nothing was changed.
    """
    wanted = [name for name in databases if name in manifest["databases"]]
    for name in wanted:
        _refuse_running(client, prefix + name)
        if not replace and any(_collections(client, prefix + name)):
            raise BackupFault(f"{prefix}{name} is not empty: --replace drops what is there")
    done = 0
    for name in wanted:
        client.drop_database(prefix + name)
        for collection, written in manifest["databases"][name].items():
            restored = _restore_one(client, prefix + name, folder / name, collection)
            if restored != written["documents"]:
                raise BackupFault(f"{name}.{collection}: {restored} of {written['documents']} documents came back")
            done += restored
    return done


def _dump_one(
    client: Client, session: ClientSession, database: str, collection: dict[str, Any], folder: Path
) -> dict[str, Any]:
    name = collection["name"]
    indexes = [dict(one) for one in client[database][name].list_indexes()]
    metadata = {"collectionName": name, "options": collection.get("options", {}), "indexes": indexes}
    with gzip.open(folder / f"{name}.metadata.json.gz", "wt", encoding="utf-8") as file:
        file.write(json_util.dumps(metadata))
    path, count = folder / f"{name}.bson.gz", 0
    with gzip.open(path, "wb", compresslevel=6) as file:
        source: Collection[Any] = client[database].get_collection(name, codec_options=_RAW)
        for document in source.find({}, session=session):
            file.write(document.raw)
            count += 1
    return {"documents": count, "sha256": _sha256(path)}


def _restore_one(client: Client, database: str, folder: Path, name: str) -> int:
    with gzip.open(folder / f"{name}.metadata.json.gz", "rt", encoding="utf-8") as file:
        metadata = json_util.loads(file.read())
    db = client[database]
    db.command("create", name, **metadata["options"])
    if indexes := [
        {key: one[key] for key in one if key != "v"} for one in metadata["indexes"] if one["name"] != "_id_"
    ]:
        db.command("createIndexes", name, indexes=indexes)
    count, rows = 0, []
    target = db.get_collection(name, codec_options=_RAW)
    with gzip.open(folder / f"{name}.bson.gz", "rb") as file:
        for document in decode_file_iter(cast("IO[bytes]", file), _RAW):
            rows.append(document)
            if len(rows) == ROWS_AT_ONCE:
                target.insert_many(rows, ordered=False)
                count, rows = count + len(rows), []
    if rows:
        target.insert_many(rows, ordered=False)
    return count + len(rows)


def _collections(client: Client, database: str) -> list[dict[str, Any]]:
    found = [dict(one) for one in client[database].list_collections() if not one["name"].startswith("system.")]
    return sorted(found, key=lambda one: str(one["name"]))


def _refuse_running(client: Client, database: str) -> None:
    now = client.admin.command("hello")["localTime"].replace(tzinfo=UTC)
    for lease in client[database][LEASES].find({"until": {"$gt": now}}):
        raise BackupFault(
            f"a service still works on {database} (lease {lease['_id']}): stop it, and wait until its lease has ended"
        )


@contextmanager
def _window(client: Client, window_s: int) -> Iterator[None]:
    """Have MongoDB keep the moment for as long as the reading may take, where we may ask for that."""
    try:
        before = client.admin.command({"getParameter": 1, WINDOW: 1})[WINDOW]
        client.admin.command({"setParameter": 1, WINDOW: max(window_s, before)})
    except OperationFailure as error:
        if error.code != _NOT_ALLOWED:
            raise
        yield
        return
    try:
        yield
    finally:
        client.admin.command({"setParameter": 1, WINDOW: before})


@contextmanager
def _client(settings: RuntimeSettings) -> Iterator[Client]:
    client: Client = MongoClient(
        settings.mongodb_uri.get_secret_value(), w="majority", journal=True, serverSelectionTimeoutMS=10_000
    )
    with client:
        yield client


@contextmanager
def _said_plainly() -> Iterator[None]:
    """End the command with one line instead of a stack trace."""
    try:
        yield
    except BackupFault as fault:
        _fail(str(fault))
    except PyMongoError as error:
        _fail(f"MongoDB refused or did not answer: {type(error).__name__} {error}. Is MONGODB_URI right?")
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}")


def _chosen(databases: Sequence[str] | None) -> Sequence[str]:
    unknown = set(databases or ()) - set(DATABASES)
    if unknown:
        raise typer.BadParameter(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(DATABASES)}")
    return databases or DATABASES


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _fail(text: str) -> NoReturn:
    sys.stderr.write(f"{text}\n")
    raise typer.Exit(1)


if __name__ == "__main__":
    app()
