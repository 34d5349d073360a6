"""The vault's crypto: two data keys per report, AES-256-GCM, wrapped by a key-encryption key.

One is for the narrative, the other for the identity as soon as somebody is named. The sealed form lies with the report
in MongoDB; the key-encryption key does not. With random 96-bit nonces one key-encryption key is good for some 4,000
million wraps, two per report at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.intake.adapters.randomness import Pieces
from services.intake.domain.report import NOBODY, Identity, Narrative
from services.intake.domain.submission import Person, Reporter
from shared.kernel.errors import NotFound

KEY_BYTES = 32
NONCE_BYTES = 12
IDENTITY = "identity"
NARRATIVE = "narrative"
NOBODY_YET = "nobody_yet"
"""Says that no revision named anybody, so that there is no identity key; one that was destroyed never comes back."""
_SECOND_NONCE_AT = KEY_BYTES + NONCE_BYTES


class UnknownKey(Exception):
    """The originals are sealed under a key-encryption key that this process does not have."""


class AesVault:
    """Seals and opens originals.

    Args:
        kek: The key-encryption key, 32 bytes.
        kek_id: Its name, kept beside what it wrapped.
        older: Earlier key-encryption keys by name, for as long as something is still wrapped by them.
    """

    def __init__(self, kek: bytes, kek_id: str, older: Mapping[str, bytes] | None = None) -> None:
        self._keks = {name: AESGCM(key) for name, key in {**(older or {}), kek_id: kek}.items()}
        self._kek_id = kek_id
        self._drawn = Pieces(KEY_BYTES + 2 * NONCE_BYTES)
        self._nonces = Pieces(NONCE_BYTES)

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
        if sealed is None:
            return self._sealed_anew(report_id, revision, identity, narrative)
        kek_id, wrapped, keys = self._unwrap(report_id, sealed)
        said, who = _words(narrative), orjson.dumps(identity)
        words = self._encrypted(keys[NARRATIVE], report_id, NARRATIVE, revision, said)
        entry: dict[str, Any] = {"revision": revision, NARRATIVE: words}
        following = {**sealed, "entries": [*sealed["entries"], entry]}
        if sealed.get(NOBODY_YET) and identity != NOBODY:
            key, entry[IDENTITY] = self._first(
                self._keks[kek_id], report_id, IDENTITY, revision, orjson.dumps(identity)
            )
            following |= {"keys": {**wrapped, IDENTITY: key}, NOBODY_YET: False}
        elif IDENTITY in keys:  # once its key was destroyed, nothing of the kind is kept any more
            entry[IDENTITY] = self._encrypted(keys[IDENTITY], report_id, IDENTITY, revision, who)
        return following

    def _sealed_anew(self, report_id: str, revision: int, identity: Identity, narrative: Narrative) -> dict[str, Any]:
        """Seal a first revision; where nobody is named there is nothing that wants an identity key yet."""
        kek = self._keks[self._kek_id]
        key, words = self._first(kek, report_id, NARRATIVE, revision, _words(narrative))
        keys, entry = {NARRATIVE: key}, {"revision": revision, NARRATIVE: words}
        sealed = {"kek_id": self._kek_id, "keys": keys, "entries": [entry]}
        if identity == NOBODY:
            return sealed | {NOBODY_YET: True}
        keys[IDENTITY], entry[IDENTITY] = self._first(kek, report_id, IDENTITY, revision, orjson.dumps(identity))
        return sealed

    def _first(self, kek: AESGCM, report_id: str, kind: str, revision: int, data: bytes) -> tuple[bytes, bytes]:
        """Return a new data key, wrapped, and what it encrypts first; key and nonces are drawn at once."""
        bond, drawn = f"{report_id}|{kind}".encode(), self._drawn.take()
        key, one, two = drawn[:KEY_BYTES], drawn[KEY_BYTES:_SECOND_NONCE_AT], drawn[_SECOND_NONCE_AT:]
        box = two + AESGCM(key).encrypt(two, data, b"%b|%d" % (bond, revision))
        return one + kek.encrypt(one, key, bond), box

    def open(self, report_id: str, sealed: Mapping[str, Any]) -> tuple[Identity, Narrative]:
        """Decrypt the latest originals; of an identity whose key was destroyed nothing is left.

        Raises:
            UnknownKey: they are sealed under another key-encryption key.
            NotFound: they were erased.
            cryptography.exceptions.InvalidTag: they were changed, or belong to another report.
        """
        keys, entry = self._entry(report_id, sealed, -1)
        return _identity(keys, report_id, entry), _narrative(keys, report_id, entry)

    def first(self, report_id: str, sealed: Mapping[str, Any]) -> Narrative:
        """Decrypt the words of the first revision.

        Raises:
            UnknownKey, NotFound, cryptography.exceptions.InvalidTag: as `open`.
        """
        keys, entry = self._entry(report_id, sealed, 0)
        return _narrative(keys, report_id, entry)

    def seal_part(self, report_id: str, sealed: Mapping[str, Any], part: str, data: bytes) -> bytes:
        """Encrypt something that belongs to the narrative, under its key and bound to its place.

        Args:
            report_id: The report.
            sealed: Its sealed originals.
            part: Which part, such as `photo` or `step-3`.
            data: What is to be kept.
        """
        _, _, keys = self._unwrap(report_id, sealed)
        return self._boxed(keys[NARRATIVE], data, f"{report_id}|{part}".encode())

    def open_part(self, report_id: str, sealed: Mapping[str, Any], part: str, box: bytes) -> bytes:
        """Decrypt what `seal_part` made.

        Raises:
            UnknownKey, NotFound, cryptography.exceptions.InvalidTag: as `open`.
        """
        keys, _ = self._entry(report_id, sealed, -1)
        return _unboxed(keys[NARRATIVE], box, f"{report_id}|{part}".encode())

    def without_identity(self, sealed: Mapping[str, Any]) -> dict[str, Any]:
        """Return the sealed form without the identity key and what it opened."""
        entries = [{name: box for name, box in entry.items() if name != IDENTITY} for entry in sealed["entries"]]
        keys = {kind: box for kind, box in sealed["keys"].items() if kind != IDENTITY}
        return {"kek_id": sealed["kek_id"], "keys": keys, "entries": entries}

    def emptied(self, sealed: Mapping[str, Any]) -> dict[str, Any]:
        """Return the sealed form without any key or original."""
        return {"kek_id": sealed["kek_id"], "keys": {}, "entries": []}

    def rewrapped(self, report_id: str, sealed: Mapping[str, Any]) -> dict[str, Any]:
        """Return the sealed form with its data keys wrapped by the present key-encryption key; no text is touched.

        Raises:
            UnknownKey: they are wrapped by a key that this process does not have.
        """
        kek, now = self._kek_of(report_id, sealed), self._keks[self._kek_id]
        keys = {}
        for kind, box in sealed["keys"].items():
            bond = _wrap_bond(report_id, kind)
            keys[kind] = self._boxed(now, _unboxed(kek, box, bond), bond)
        return {**sealed, "kek_id": self._kek_id, "keys": keys}

    def names(self, report_id: str, sealed: Mapping[str, Any]) -> tuple[str, ...]:
        """Decrypt the names of people of all revisions, each once, so that none that was hidden comes back.

        Among them are those that a person told because redaction had missed them.

        Raises:
            UnknownKey: they are sealed under another key-encryption key.
            cryptography.exceptions.InvalidTag: they were changed, or belong to another report.
        """
        _, _, keys = self._unwrap(report_id, sealed)
        told = (_identity(keys, report_id, entry).names() for entry in sealed["entries"])
        missed = (_narrative(keys, report_id, entry).hidden for entry in sealed["entries"])
        return tuple(dict.fromkeys(name for names in (*told, *missed) for name in names))

    def _unwrap(self, report_id: str, sealed: Mapping[str, Any]) -> tuple[str, Mapping[str, bytes], dict[str, AESGCM]]:
        kek = self._kek_of(report_id, sealed)
        keys = {kind: AESGCM(_unboxed(kek, box, _wrap_bond(report_id, kind))) for kind, box in sealed["keys"].items()}
        return sealed["kek_id"], sealed["keys"], keys

    def _encrypted(self, key: AESGCM, report_id: str, kind: str, revision: int, data: bytes) -> bytes:
        return self._boxed(key, data, f"{report_id}|{kind}|{revision}".encode())

    def _boxed(self, key: AESGCM, data: bytes, bond: bytes) -> bytes:
        nonce = self._nonces.take()
        return nonce + key.encrypt(nonce, data, bond)

    def _kek_of(self, report_id: str, sealed: Mapping[str, Any]) -> AESGCM:
        if sealed["kek_id"] not in self._keks:
            known = ", ".join(self._keks)
            raise UnknownKey(f"report {report_id} is sealed under key {sealed['kek_id']}, not {known}")
        return self._keks[sealed["kek_id"]]

    def _entry(
        self, report_id: str, sealed: Mapping[str, Any], place: int
    ) -> tuple[dict[str, AESGCM], Mapping[str, Any]]:
        if not sealed["entries"]:
            raise NotFound(f"the words of report {report_id} were erased")
        _, _, keys = self._unwrap(report_id, sealed)
        return keys, sealed["entries"][place]


def _words(narrative: Narrative) -> bytes:
    text, place, stopped, hidden = narrative
    return orjson.dumps({"text": text, "place": place, "what_stopped_it": stopped, "hidden": hidden})


def _narrative(keys: Mapping[str, AESGCM], report_id: str, entry: Mapping[str, Any]) -> Narrative:
    said = _decrypt(keys[NARRATIVE], report_id, NARRATIVE, entry["revision"], entry[NARRATIVE])
    fields = orjson.loads(said)
    return Narrative(**fields | {"hidden": tuple(fields.get("hidden", ()))})


def _identity(keys: Mapping[str, AESGCM], report_id: str, entry: Mapping[str, Any]) -> Identity:
    if IDENTITY not in keys or IDENTITY not in entry:
        return Identity()
    who = orjson.loads(_decrypt(keys[IDENTITY], report_id, IDENTITY, entry["revision"], entry[IDENTITY]))
    reporter = Reporter(**who["reporter"]) if who["reporter"] else None
    return Identity(reporter, Person(**who["person"]) if who["person"] else None)


def _wrap_bond(report_id: str, kind: str) -> bytes:
    return f"{report_id}|{kind}".encode()


def _decrypt(key: AESGCM, report_id: str, kind: str, revision: int, box: bytes) -> bytes:
    return _unboxed(key, box, f"{report_id}|{kind}|{revision}".encode())


def _unboxed(key: AESGCM, box: bytes, bond: bytes) -> bytes:
    return key.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], bond)
