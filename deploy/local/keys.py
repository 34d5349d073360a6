"""The demo's own secrets, made once and kept in a file that only its owner can read; not for a real site."""

import base64
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from deploy.local.state import read_json, write_json

_KEY_PREFIX = "nmk_"
INTAKE_ONLY = frozenset(
    {"NEARMISS_TOKEN_PRIVATE_KEY", "NEARMISS_VAULT_KEK", "NEARMISS_PSEUDONYM_KEY", "NEARMISS_BOOTSTRAP_KEY"}
)
EVERYONE = frozenset({"NEARMISS_TOKEN_PUBLIC_KEY"})


def load_or_create(path: Path) -> dict[str, str]:
    """Read the secrets, making those that are not there yet.

    Args:
        path: JSON file, mode 0600.

    Returns:
        Value by environment variable.
    """
    kept = {str(name): str(value) for name, value in read_json(path).items()}
    if kept.keys() >= INTAKE_ONLY | EVERYONE:
        return kept
    complete = {**_new_secrets(), **kept}
    if "NEARMISS_TOKEN_PRIVATE_KEY" not in kept or "NEARMISS_TOKEN_PUBLIC_KEY" not in kept:
        complete.update(_new_token_keys())
    write_json(path, complete, mode=0o600)
    return complete


def for_service(name: str, all_secrets: Mapping[str, str]) -> dict[str, str]:
    """Choose what one service may know.

    Args:
        name: Service's name.
        all_secrets: What `load_or_create` gave.

    Returns:
        Everything for intake, the public key for the others.
    """
    allowed = EVERYONE | INTAKE_ONLY if name == "intake" else EVERYONE
    return {variable: all_secrets[variable] for variable in sorted(allowed)}


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Copy an environment without the secrets that the caller's own shell may hold."""
    return {name: value for name, value in environment.items() if name not in INTAKE_ONLY | EVERYONE}


def _new_secrets() -> dict[str, str]:
    return {
        "NEARMISS_VAULT_KEK": base64.b64encode(secrets.token_bytes(32)).decode(),
        "NEARMISS_PSEUDONYM_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "NEARMISS_BOOTSTRAP_KEY": _KEY_PREFIX + secrets.token_urlsafe(30),
    }


def _new_token_keys() -> dict[str, str]:
    private = Ed25519PrivateKey.generate()
    private_pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public_pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {"NEARMISS_TOKEN_PRIVATE_KEY": private_pem.decode(), "NEARMISS_TOKEN_PUBLIC_KEY": public_pem.decode()}
