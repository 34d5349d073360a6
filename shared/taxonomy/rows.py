"""Rows of a YAML file that know their line, so that a mistake is named where it stands."""

from collections.abc import Collection

import yaml

from shared.taxonomy.model import WeightedPattern
from shared.taxonomy.pattern import parse_pattern

_NULL = "tag:yaml.org,2002:null"


class TaxonomyError(ValueError):
    """A data file of the taxonomy contradicts itself or another; the message is `file:line: reason`."""


class Row:
    """One mapping of a file, read key by key."""

    def __init__(self, file: str, node: yaml.Node) -> None:
        self._file = file
        self._node = node
        self._values: dict[str, yaml.Node] = {}
        if not isinstance(node, yaml.MappingNode):
            raise self.error("a mapping is needed here")
        for key, value in node.value:
            if key.value in self._values:
                raise self.error(f"{key.value} stands here twice", key)
            self._values[key.value] = value

    def error(self, reason: str, node: yaml.Node | None = None) -> TaxonomyError:
        """Make the error that names this row's place.

        Args:
            reason: What is wrong.
            node: A nearer place within the row.

        Returns:
            The error, to be raised by the caller.
        """
        return TaxonomyError(f"{self._file}:{(node or self._node).start_mark.line + 1}: {reason}")

    def only(self, *keys: str) -> None:
        """Refuse keys that nobody reads.

        Args:
            keys: The keys that may stand here.

        Raises:
            TaxonomyError: another key stands here.
        """
        for key, _ in self._node.value:
            if key.value not in keys:
                raise self.error(f"unknown field {key.value}", key)

    def text(self, key: str) -> str:
        """Read a text that must be there and not be blank.

        Args:
            key: The field's name.

        Returns:
            The text without outer blanks.

        Raises:
            TaxonomyError: the field is missing, blank or no text.
        """
        text = self.text_or_none(key)
        if text is None:
            raise self.error(f"field {key} is missing or blank")
        return text

    def text_or_none(self, key: str) -> str | None:
        """Read a text that may be absent or null.

        Args:
            key: The field's name.

        Returns:
            The text without outer blanks, or None.

        Raises:
            TaxonomyError: the field is no text.
        """
        node = self._values.get(key)
        if node is None or node.tag == _NULL:
            return None
        return self._scalar(node, key) or None

    def one_of(self, key: str, allowed: Collection[str]) -> str:
        """Read a text that must be one of a set of names.

        Args:
            key: The field's name.
            allowed: The names.

        Returns:
            The name.

        Raises:
            TaxonomyError: it is none of them.
        """
        value = self.text(key)
        if value not in allowed:
            raise self.error(f"unknown {key} {value!r}; known: {', '.join(allowed)}", self._values[key])
        return value

    def flag(self, key: str) -> bool:
        """Read true or false.

        Args:
            key: The field's name.

        Returns:
            The value.

        Raises:
            TaxonomyError: it is neither.
        """
        return self.one_of(key, ("true", "false")) == "true"

    def count(self, key: str) -> int:
        """Read a whole number of 1 or more.

        Args:
            key: The field's name.

        Returns:
            The number.

        Raises:
            TaxonomyError: it is no such number.
        """
        text = self.text(key)
        if not text.isdecimal() or int(text) < 1:
            raise self.error(f"field {key} must be a whole number of 1 or more", self._values[key])
        return int(text)

    def names(self, key: str, known: Collection[str]) -> tuple[str, ...]:
        """Read a list of names that must all be known.

        Args:
            key: The field's name; it must be there, though it may be an empty list.
            known: The names that exist.

        Returns:
            The names.

        Raises:
            TaxonomyError: the field is missing, a name is unknown or stands twice.
        """
        found: list[str] = []
        for node in self._items(key):
            name = self._scalar(node, key)
            if name not in known:
                raise self.error(f"{key} names {name!r}, which is not known", node)
            if name in found:
                raise self.error(f"{key} names {name!r} twice", node)
            found.append(name)
        return tuple(found)

    def texts(self, key: str) -> tuple[str, ...]:
        """Read a list of texts; absent is empty.

        Args:
            key: The field's name.

        Returns:
            The texts without outer blanks.

        Raises:
            TaxonomyError: the field is no list of texts, or one is blank.
        """
        if key not in self._values:
            return ()
        found = []
        for node in self._items(key):
            text = self._scalar(node, key)
            if not text:
                raise self.error(f"field {key} holds a blank line", node)
            found.append(text)
        return tuple(found)

    def rows(self, key: str) -> list["Row"]:
        """Read a list of mappings.

        Args:
            key: The field's name.

        Returns:
            One row for each.

        Raises:
            TaxonomyError: the field is missing or no list of mappings.
        """
        return [Row(self._file, node) for node in self._items(key)]

    def mapping(self, key: str) -> dict[str, str]:
        """Read a mapping of text to text; absent is empty.

        Args:
            key: The field's name.

        Returns:
            The mapping.

        Raises:
            TaxonomyError: it is no such mapping, or a key stands twice.
        """
        node = self._values.get(key)
        if node is None:
            return {}
        row = Row(self._file, node)
        return {name: row.text(name) for name in row._values}

    def section(self, key: str) -> "Row":
        """Read a mapping within the mapping.

        Args:
            key: The field's name.

        Returns:
            Its row.

        Raises:
            TaxonomyError: the field is missing or no mapping.
        """
        if key not in self._values:
            raise self.error(f"field {key} is missing or blank")
        return Row(self._file, self._values[key])

    def place(self, key: str) -> yaml.Node:
        """Find where a field stands, for an error that names its line.

        Args:
            key: The name of a field that is there.

        Returns:
            The node of its value.
        """
        return self._values[key]

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that stand here, in order."""
        return tuple(self._values)

    def patterns(self, key: str, *, needed: bool = False) -> tuple[WeightedPattern, ...]:
        """Read patterns by weight: a mapping of a number above 0 to a list of patterns.

        Args:
            key: The field's name.
            needed: Whether there must be any; otherwise absent is empty.

        Returns:
            The patterns with their weights.

        Raises:
            TaxonomyError: there are none though needed, a weight is no number above 0, a pattern cannot be read or
                stands twice.
        """
        if key not in self._values:
            if needed:
                raise self.error(f"field {key} is missing or blank")
            return ()
        row = Row(self._file, self._values[key])
        found: dict[str, WeightedPattern] = {}
        for weight in row._values:
            if not weight.replace(".", "", 1).isdecimal() or float(weight) <= 0:
                raise row.error(f"weight {weight!r} must be a number above 0", row._values[weight])
            for node in row._items(weight):
                text = row._scalar(node, key)
                if text in found:
                    raise row.error(f"pattern {text!r} stands here twice", node)
                try:
                    found[text] = WeightedPattern(parse_pattern(text), float(weight))
                except ValueError as error:
                    raise row.error(str(error), node) from error
        return tuple(found.values())

    def _items(self, key: str) -> list[yaml.Node]:
        node = self._values.get(key)
        if node is None:
            raise self.error(f"field {key} is missing or blank")
        if not isinstance(node, yaml.SequenceNode):
            raise self.error(f"field {key} must be a list", node)
        items: list[yaml.Node] = node.value
        return items

    def _scalar(self, node: yaml.Node, key: str) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self.error(f"field {key} must hold text", node)
        return str(node.value).strip()
