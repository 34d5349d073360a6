"""The few ways in which something can be refused; the edges turn them into problem+json or dead letters."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with an input.

    Attributes:
        detail: What is wrong and what to do, in plain words, never with report text.
        field: Name of the field or column, dotted for nested ones; None for the whole input.
        line: 1-based line of a batch; None outside a batch.
    """

    detail: str
    field: str | None = None
    line: int | None = None


class Refused(Exception):
    """Base of everything that is the caller's to mend.

    Args:
        detail: What happened, with which id, and what to do.
        faults: The single things that are wrong, where there are any.
    """

    title = "The request was refused"

    def __init__(self, detail: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = faults


class Invalid(Refused):
    """The input breaks a rule; sending it again unchanged can never work."""

    title = "The input breaks a rule"


class NotFound(Refused):
    """What was named does not exist for this principal (another tenant's things do not exist)."""

    title = "Not found"


class Conflict(Refused):
    """The state has moved on, or the same key was used for something else."""

    title = "In conflict with what is stored"


class Forbidden(Refused):
    """The principal is known and may not do this."""

    title = "Not allowed"


class Unauthenticated(Refused):
    """No valid proof of who is asking."""

    title = "Not signed in"


class TooLarge(Refused):
    """The input is over a published limit."""

    title = "Too large"


class TooMany(Refused):
    """The caller comes too often.

    Args:
        detail: What is allowed.
        retry_after_s: Seconds after which a retry makes sense.
    """

    title = "Too many calls"

    def __init__(self, detail: str, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


@dataclass(eq=False)
class Unavailable(Exception):
    """Something that is needed cannot be reached now; the same call may work later.

    Attributes:
        what: Which engine or bound, in plain words.
        retry_after_s: Seconds after which a retry makes sense.
    """

    what: str
    retry_after_s: int = 5
    args: tuple[object, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        return f"{self.what}; try again in {self.retry_after_s} s"
