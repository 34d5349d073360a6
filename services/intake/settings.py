"""Settings of intake; the three keys have no default on purpose."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import Field, SecretStr

from services.intake.domain.credentials import KEY_PREFIX
from shared.runtime.settings import RuntimeSettings, SettingsWrong

KEY_BYTES = 32


class SettingsIncomplete(SettingsWrong):
    """Keys are missing or malformed; the message names every variable at once."""


@dataclass(frozen=True)
class Keys:
    """The keys that intake cannot work without, decoded."""

    token_private_key: str
    vault_kek: bytes
    pseudonym_key: bytes
    older_keks: Mapping[str, bytes] = field(default_factory=dict)


class Settings(RuntimeSettings):
    """What intake needs beside the runtime."""

    demo: bool = False
    """Whether everybody who may review may also say when it was done: for invented history alone."""
    bootstrap_key: SecretStr | None = None
    """The operator's first API key, `nmk_...`; take it away once real keys are there."""
    token_private_key: SecretStr | None = None
    """Ed25519 private key (PEM) that signs tokens; only intake has it."""
    vault_kek: SecretStr | None = None
    """Key-encryption key of the vault: base64 of 32 bytes. Without it no original can ever be read again."""
    kek_id: str = "kek-1"
    """Name of the key-encryption key, kept beside what it wrapped."""
    pseudonym_key: SecretStr | None = None
    """Base64 of 32 bytes or more; makes person and reporter tokens and body hashes; never changed."""
    public_https: bool = False
    """Whether browsers come over HTTPS, so that their session goes over nothing else; also so where it is seen here."""
    public_url: str = Field(default="", pattern=r"^(https?://[^/\s]+)?$")
    """Address of the front door as browsers and printed posters name it; empty takes it from the request."""
    older_keks: SecretStr | None = None
    """Earlier key-encryption keys as JSON, name to base64, until `rotate-kek` has wrapped everything anew."""
    token_minutes: int = Field(default=60, ge=1, le=24 * 60)
    """How long a token that a program fetched is good."""
    session_hours: int = Field(default=8, ge=1, le=24)
    """How long a person stays signed in."""
    calls_per_minute: int = Field(default=6_000, ge=1)
    """So often one key may call, in each process; an import of any length is one call."""
    import_batch_lines: int = Field(default=1_000, ge=1, le=2_000)
    """Lines of an import that are taken in one transaction."""
    import_pause_above_rows: int = Field(default=5_000, ge=0)
    """With more unsent events an import waits a little between batches, so that live reports stay fresh."""
    text_max_chars: int = Field(default=20_000, ge=1)
    """Longest narrative."""
    table_max_bytes: int = Field(default=20_000_000, ge=1)
    """Longest registry or exposure table; it is checked as a whole."""

    def keys(self) -> Keys:
        """Return the keys, decoded.

        Raises:
            SettingsIncomplete: some are missing or malformed; names all of them.
        """
        wrong: list[str] = []
        pem = _required("NEARMISS_TOKEN_PRIVATE_KEY", self.token_private_key, wrong)
        kek = _decoded("NEARMISS_VAULT_KEK", self.vault_kek, wrong)
        pseudonym = _decoded("NEARMISS_PSEUDONYM_KEY", self.pseudonym_key, wrong)
        if pem and not _is_ed25519(pem):
            wrong.append("NEARMISS_TOKEN_PRIVATE_KEY is no Ed25519 private key in PEM")
        if kek and len(kek) != KEY_BYTES:
            wrong.append(f"NEARMISS_VAULT_KEK has {len(kek)} bytes, not {KEY_BYTES}")
        if pseudonym and len(pseudonym) < KEY_BYTES:
            wrong.append(f"NEARMISS_PSEUDONYM_KEY has {len(pseudonym)} bytes, fewer than {KEY_BYTES}")
        if self.bootstrap_key is not None and not self.bootstrap_key.get_secret_value().startswith(KEY_PREFIX):
            wrong.append(f"NEARMISS_BOOTSTRAP_KEY does not begin with {KEY_PREFIX}")
        older = _older(self.older_keks, wrong)
        if wrong:
            raise SettingsIncomplete("intake cannot start: " + "; ".join(wrong))
        return Keys(pem, kek, pseudonym, older)


def _required(variable: str, value: SecretStr | None, wrong: list[str]) -> str:
    text = value.get_secret_value().strip() if value is not None else ""
    if not text:
        wrong.append(f"{variable} is missing")
    return text


def _decoded(variable: str, value: SecretStr | None, wrong: list[str]) -> bytes:
    text = _required(variable, value, wrong)
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        wrong.append(f"{variable} is not base64")
        return b""


def _older(value: SecretStr | None, wrong: list[str]) -> dict[str, bytes]:
    if value is None or not value.get_secret_value().strip():
        return {}
    try:
        named = json.loads(value.get_secret_value())
        keys = {str(name): base64.b64decode(text, validate=True) for name, text in named.items()}
    except (ValueError, AttributeError, TypeError):
        keys = {"?": b""}
    if any(len(key) != KEY_BYTES for key in keys.values()):
        wrong.append(f"NEARMISS_OLDER_KEKS is no JSON object of names and base64 of {KEY_BYTES} bytes")
    return keys


def _is_ed25519(pem: str) -> bool:
    try:
        return isinstance(load_pem_private_key(pem.encode(), password=None), Ed25519PrivateKey)
    except (ValueError, TypeError):
        return False
