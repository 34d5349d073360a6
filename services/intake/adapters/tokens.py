"""Signs tokens with intake's private key, and draws ids and secrets."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode

from services.intake.adapters.randomness import Pieces
from shared.kernel.clock import Clock
from shared.kernel.principal import Principal
from shared.runtime.auth import sign_token


class TokenSigner:
    """Signs principals.

    Args:
        private_key_pem: Ed25519 private key.
        clock: The source of now.
    """

    def __init__(self, private_key_pem: str, clock: Clock) -> None:
        self._private_key_pem = private_key_pem
        self._clock = clock

    def sign(self, principal: Principal) -> str:
        """Return a token that every service can verify."""
        return sign_token(self._private_key_pem, principal, self._clock)


SECRET_BYTES = 32


class SystemRandomness:
    """The machine's randomness."""

    def __init__(self) -> None:
        self._pieces = Pieces(SECRET_BYTES)

    def new_id(self) -> str:
        """Return 96 random bits in hexadecimal."""
        return secrets.token_hex(12)

    def new_secret(self) -> str:
        """Return 256 random bits in URL-safe letters."""
        return urlsafe_b64encode(self._pieces.take()).rstrip(b"=").decode()
