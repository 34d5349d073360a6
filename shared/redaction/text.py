"""The type of text from which personal data have been taken; how it is taken is the redactor's."""

from typing import Self


class RedactedText(str):
    """Text that may enter an event.

    A plain `str` to everybody who reads it. It is made in two places only: by `redact`, and by `from_wire` for text
    that was redacted before it went on the log.
    """

    __slots__ = ()

    @classmethod
    def from_wire(cls, value: str) -> Self:
        """Take text back from the log, where only redacted text is.

        Args:
            value: The text of an event.

        Returns:
            The same characters as redacted text.
        """
        return cls(value)
