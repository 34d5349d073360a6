"""How many wrong return codes are borne: counted together, since nobody's address is looked at."""

from __future__ import annotations

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

WRONG_PER_MINUTE = 100


class CountedGuesses:
    """Counts wrong codes in this process.

    Args:
        per_minute: So many wrong ones in a minute, from whomever, and the return page rests until the minute is over.
    """

    def __init__(self, per_minute: int = WRONG_PER_MINUTE) -> None:
        self._limit = RateLimitItemPerMinute(per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def resting(self) -> bool:
        """Tell whether codes are not looked at just now."""
        return not self._limiter.test(self._limit, "return-code")

    def wrong(self) -> None:
        """Note a wrong code."""
        self._limiter.hit(self._limit, "return-code")
