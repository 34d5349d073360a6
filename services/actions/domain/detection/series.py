"""The series that are counted week by week at every site, each with a number, and what a reader calls them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.actions.domain.detection.facts import ReportFact
from services.actions.domain.detection.log_lines import LogReading, read_log
from services.actions.domain.detection.one_series import ALL, Series
from shared.taxonomy.detection_data import DetectionData

__all__ = ["SeriesBook"]


class SeriesBook:
    """The series that are counted week by week at every site, each with a number.

    Args:
        data: Domains, pairs and themes.
    """

    def __init__(self, data: DetectionData) -> None:
        self.data = data
        found = [ALL, *(Series((name,)) for name in data.titles)]
        found += [Series(pair.domains, pair.factors) for pair in data.pairs]
        found += [Series(theme.domains, match="any") for theme in data.themes]
        self.series: Sequence[Series] = tuple(dict.fromkeys(found))
        self.number: Mapping[Series, int] = {series: index for index, series in enumerate(self.series)}
        self.seasons = tuple(self.number[Series(t.domains, match="any")] for t in data.themes if t.kind == "season")
        self._theme_titles = {theme.domains: theme.title for theme in data.themes}
        self._readings: dict[str, LogReading] = {}
        self._rows: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[int, ...]] = {}

    def rows_of(self, domains: tuple[str, ...], factors: tuple[str, ...]) -> tuple[int, ...]:
        """Return the numbers of the series that a report with these labels counts in.

        Args:
            domains: Its domains; unknown words count in no series of a domain.
            factors: Its contributory factors.
        """
        key = (domains, factors)
        rows = self._rows.get(key)
        if rows is None:
            probe = ReportFact("", "", 0, 0, None, domains, None, factors, (), False, False)
            rows = tuple(index for index, series in enumerate(self.series) if series.has(probe))
            self._rows[key] = rows
        return rows

    def reading(self, text: str) -> LogReading:
        """Return what a line of a management log says; each text is read once."""
        if text not in self._readings:
            self._readings[text] = read_log(text, self.data.log_words)
        return self._readings[text]

    def title(self, series: Series) -> str:
        """Return what a reader calls a series."""
        titles, factor_titles = self.data.titles, self.data.factor_titles
        if series.asset is not None:
            return f"Reports that name the {series.asset}"
        if series.person is not None:
            return "Reports about one person"
        if series.kind == "all":
            return "All reports together"
        if series.domains in self._theme_titles and series.match == "any":
            return self._theme_titles[series.domains]
        names = [titles.get(name, name) for name in series.domains]
        if series.match == "any":
            return _listed(names, "or")
        names += [factor_titles.get(name, name) for name in series.factors]
        return " with ".join([names[0], _lower(_listed(names[1:], "and"))]) if len(names) > 1 else names[0]


def _listed(names: Sequence[str], word: str) -> str:
    names = [name if at == 0 else _lower(name) for at, name in enumerate(names)]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def _lower(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
