"""The vault's crypto: two data keys per report (identity, narrative), AES-256-GCM, wrapped by a key-encryption key.

The sealed form lies with the report in MongoDB; the key-encryption key does not. With random 96-bit nonces one
key-encryption key is good for some 4,000 million wraps, two per report.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.intake.domain.report import Identity, Narrative
from services.intake.domain.submission import Person, Reporter

KEY_BYTES = 32
NONCE_BYTES = 12
IDENTITY = "identity"
NARRATIVE = "narrative"


class UnknownKey(Exception):
    """The originals are sealed under a key-encryption key that this process does not have."""


class AesVault:
    """Seals and opens originals.

    Args:
        kek: The key-encryption key, 32 bytes.
        kek_id: Its name, kept beside what it wrapped.
    """

    def __init__(self, kek: bytes, kek_id: str) -> None:
        self._kek = AESGCM(kek)
        self._kek_id = kek_id

    def seal(
        self,
        report_id: str,
        revision: int,
        identity: Identity,
        narrative: Narrative,
        sealed: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Encrypt the originals of a revision under the report's data keys, which are made at the first one.

        Args:
            report_id: Bound into every ciphertext, with the kind and the revision, so that none can be put elsewhere.
            revision: The report's revision.
            identity: Who told it and whom it is about.
            narrative: The words as given.
            sealed: What is sealed of earlier revisions; stays as it is.
        """
        kek_id, wrapped, keys = self._new_keys(report_id) if sealed is None else self._unwrap(report_id, sealed)
        entry = {
            "revision": revision,
            IDENTITY: _encrypt(keys[IDENTITY], report_id, IDENTITY, revision, orjson.dumps(identity)),
            NARRATIVE: _encrypt(keys[NARRATIVE], report_id, NARRATIVE, revision, orjson.dumps(narrative)),
        }
        earlier = list(sealed["entries"]) if sealed else []
        return {"kek_id": kek_id, "keys": wrapped, "entries": [*earlier, entry]}

    def open(self, report_id: str, sealed: Mapping[str, Any]) -> tuple[Identity, Narrative]:
        """Decrypt the latest originals.

        Raises:
            UnknownKey: they are sealed under another key-encryption key.
            cryptography.exceptions.InvalidTag: they were changed, or belong to another report.
        """
        _, _, keys = self._unwrap(report_id, sealed)
        entry = sealed["entries"][-1]
        revision = entry["revision"]
        words = orjson.loads(_decrypt(keys[NARRATIVE], report_id, NARRATIVE, revision, entry[NARRATIVE]))
        return _identity(keys[IDENTITY], report_id, entry), Narrative(**words)

    def names(self, report_id: str, sealed: Mapping[str, Any]) -> tuple[str, ...]:
        """Decrypt the names of people of all revisions, each once, so that none that was hidden comes back.

        Raises:
            UnknownKey: they are sealed under another key-encryption key.
            cryptography.exceptions.InvalidTag: they were changed, or belong to another report.
        """
        _, _, keys = self._unwrap(report_id, sealed)
        found = (_identity(keys[IDENTITY], report_id, entry).names() for entry in sealed["entries"])
        return tuple(dict.fromkeys(name for names in found for name in names))

    def _new_keys(self, report_id: str) -> tuple[str, dict[str, bytes], dict[str, AESGCM]]:
        keys = {kind: secrets.token_bytes(KEY_BYTES) for kind in (IDENTITY, NARRATIVE)}
        wrapped = {kind: _boxed(self._kek, key, _wrap_bond(report_id, kind)) for kind, key in keys.items()}
        return self._kek_id, wrapped, {kind: AESGCM(key) for kind, key in keys.items()}

    def _unwrap(self, report_id: str, sealed: Mapping[str, Any]) -> tuple[str, Mapping[str, bytes], dict[str, AESGCM]]:
        if sealed["kek_id"] != self._kek_id:
            raise UnknownKey(f"report {report_id} is sealed under key {sealed['kek_id']}, not {self._kek_id}")
        keys = {
            kind: AESGCM(_unboxed(self._kek, box, _wrap_bond(report_id, kind))) for kind, box in sealed["keys"].items()
        }
        return self._kek_id, sealed["keys"], keys


def _identity(key: AESGCM, report_id: str, entry: Mapping[str, Any]) -> Identity:
    who = orjson.loads(_decrypt(key, report_id, IDENTITY, entry["revision"], entry[IDENTITY]))
    reporter = Reporter(**who["reporter"]) if who["reporter"] else None
    return Identity(reporter, Person(**who["person"]) if who["person"] else None)


def _wrap_bond(report_id: str, kind: str) -> bytes:
    return f"{report_id}|{kind}".encode()


def _encrypt(key: AESGCM, report_id: str, kind: str, revision: int, data: bytes) -> bytes:
    return _boxed(key, data, f"{report_id}|{kind}|{revision}".encode())


def _decrypt(key: AESGCM, report_id: str, kind: str, revision: int, box: bytes) -> bytes:
    return _unboxed(key, box, f"{report_id}|{kind}|{revision}".encode())


def _boxed(key: AESGCM, data: bytes, bond: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + key.encrypt(nonce, data, bond)


def _unboxed(key: AESGCM, box: bytes, bond: bytes) -> bytes:
    return key.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], bond)
