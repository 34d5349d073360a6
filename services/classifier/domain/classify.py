"""Decides all labels of reports: rules read them, the trained model weighs what was read, the guide's rules join it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from services.classifier.domain.classification import Answers, Classification, Offsets
from services.classifier.domain.decide import ANY, Decider, Decision
from services.classifier.domain.explain import Columns, confidence_of, evidence_of, review_reason
from services.classifier.domain.heads import outcomes
from services.classifier.domain.legible import why_illegible
from services.classifier.domain.match import Matcher
from services.classifier.domain.model import Model
from services.classifier.domain.model_file import load_model
from services.classifier.domain.prompts import rules_by_key, rules_fired
from services.classifier.domain.reading import Reading, read
from services.classifier.domain.words import Words
from shared.taxonomy.assets import find_assets
from shared.taxonomy.duty_loader import load_duties
from shared.taxonomy.duty_prompts import DutyPrompts
from shared.taxonomy.event_class import REACHED_SOMEONE, UNKNOWN, event_class
from shared.taxonomy.model import EscalationRule, Taxonomy

_MILDEST: Final = 0
_TOGETHER: Final = 100
"""How many are read before the model is asked: enough for numpy, few enough that nothing lives long."""
_NO_ANSWERS: Final = Answers()


class Asked(NamedTuple):
    """One report to classify: the redacted text, the kind of service, and what the reporter answered."""

    text: str
    setting: str
    answers: Answers | None = None


class Classifier:
    """Classifies reports by one taxonomy and one model; it keeps no report.

    Args:
        taxonomy: The words and rules.
        model: The trained model; None loads the shipped one.
        duties: The triggers of duties; None loads the shipped packs.
    """

    def __init__(self, taxonomy: Taxonomy, model: Model | None = None, duties: DutyPrompts | None = None) -> None:
        self._taxonomy = taxonomy
        self._duties = duties or DutyPrompts(load_duties(taxonomy), taxonomy)
        self._matcher = Matcher(taxonomy, self._duties.cues)
        self._model = model or load_model(taxonomy)
        self._words = Words(self._matcher, taxonomy.spellings, self._model.weigh)
        thresholds = self._model.weights.thresholds
        self._decide = Decider(taxonomy, self._model.heads, thresholds)
        self._columns = Columns(self._model.heads, outcomes(taxonomy))
        self._rules = rules_by_key(taxonomy)
        self._code_from = thresholds["escalate"][ANY]
        self._mildest = list(taxonomy.severities)[_MILDEST]
        self.version = self._model.weights.version

    def classify(self, text: str, setting: str, answers: Answers | None = None) -> Classification:
        """Classify one report; `classify_many` takes less time for each.

        Args:
            text: The redacted text; any length, any language.
            setting: The kind of service from the form.
            answers: What the reporter answered; it outranks what the words suggest.

        Returns:
            The labels. Where the words cannot be read or nothing in them is known, `is_near_miss` is None, there is no
            domain and a person is asked to look. It never raises.
        """
        return self.classify_many([Asked(text, setting, answers)])[0]

    def classify_many(self, reports: Sequence[Asked]) -> list[Classification]:
        """Classify a batch; each report is decided by itself, whatever stands beside it.

        Args:
            reports: The reports.

        Returns:
            The labels of each, in order.
        """
        return [
            labels
            for start in range(0, len(reports), _TOGETHER)
            for labels in self._few(reports[start : start + _TOGETHER])
        ]

    def _few(self, reports: Sequence[Asked]) -> list[Classification]:
        readings = [read(report.text, self._words, self._matcher) for report in reports]
        reasons = [why_illegible(reading) for reading in readings]
        legible = [place for place, reason in enumerate(reasons) if reason is None]
        decided = iter(self._decided([readings[at] for at in legible], [reports[at] for at in legible]))
        return [
            next(decided) if reason is None else self._abstain(reading, report, reason)
            for reading, report, reason in zip(readings, reports, reasons, strict=True)
        ]

    def _decided(self, readings: Sequence[Reading], reports: Sequence[Asked]) -> list[Classification]:
        """Decide about texts that can be read; step by step over all, since a step that goes on alone is quicker."""
        if not readings:
            return []
        found = self._model.ask(readings, [report.setting for report in reports])
        answers = [report.answers or _NO_ANSWERS for report in reports]
        decisions = self._decide(found.probabilities, answers)
        fired = [
            tuple(
                rule for rule in rules_fired(reading, self._rules) if decision.escalate or rule.code != REACHED_SOMEONE
            )
            for reading, decision in zip(readings, decisions, strict=True)
        ]
        evidence = evidence_of(decisions, found, self._columns, readings, fired)
        assets = [
            _assets(reading, report.text, answered) if _is_event(decision) else _assets_of_form(answered)
            for reading, report, decision, answered in zip(readings, reports, decisions, answers, strict=True)
        ]
        duties = [
            self._duties_of(reading, decision, report.setting)
            for reading, decision, report in zip(readings, decisions, reports, strict=True)
        ]
        return [self._labelled(*parts) for parts in zip(decisions, fired, evidence, assets, duties, strict=True)]

    def _labelled(
        self,
        decision: Decision,
        fired: tuple[EscalationRule, ...],
        evidence: Mapping[str, Offsets],
        assets: tuple[str, ...],
        duties: tuple[str, ...],
    ) -> Classification:
        reason = review_reason(decision, fired, self._taxonomy, self._code_from)
        return Classification(
            is_near_miss=decision.is_near_miss,
            domains=decision.domains,
            primary_domain=decision.domains[0] if decision.domains else None,
            contributory_factors=decision.factors,
            potential_severity=decision.severity,
            how_caught=decision.caught,
            escalate=decision.escalate,
            confidence=confidence_of(decision, self._columns.labels),
            evidence=evidence,
            event_class=decision.event_class,
            disruption_kind=decision.disruption,
            assets=assets,
            prompts=(*[rule.id for rule in fired], *duties),
            needs_review=reason is not None,
            review_reason=reason,
            taxonomy_version=self._taxonomy.version,
            model_version=self.version,
        )

    def _duties_of(self, reading: Reading, decision: Decision, setting: str) -> tuple[str, ...]:
        """Name the rules of all duties that the report may bring."""
        labels = {
            "escalate": decision.escalate,
            "domains": decision.domains,
            "disruption_kind": decision.disruption,
            "potential_severity": decision.severity,
            "event_class": decision.event_class,
        }
        return tuple(
            [rule for rule, _ in self._duties.prompts_of(reading.exact, reading.tokens.words, labels, setting)]
        )

    def _abstain(self, reading: Reading, report: Asked, reason: str) -> Classification:
        """Say nothing but what the form and the escalation rules say, and ask a person."""
        answers = report.answers or _NO_ANSWERS
        escalate = (REACHED_SOMEONE,) if answers.reached_person or answers.injured else ()
        return Classification(
            is_near_miss=False if escalate else None,
            domains=(),
            primary_domain=None,
            contributory_factors=(),
            potential_severity=self._mildest,
            how_caught=(),
            escalate=escalate,
            confidence={},
            evidence={},
            event_class=event_class(is_near_miss=None, escalate=escalate, injured=bool(answers.injured))
            if escalate
            else UNKNOWN,
            disruption_kind=answers.disruption_kind,
            assets=_assets(reading, report.text, answers),
            prompts=(
                *(rule.id for rule in rules_fired(reading, self._rules)),
                *(rule for rule, _ in self._duties.prompts_of(reading.exact, reading.tokens.words, {}, report.setting)),
            ),
            needs_review=True,
            review_reason=reason,
            taxonomy_version=self._taxonomy.version,
            model_version=self.version,
        )


def _is_event(decision: Decision) -> bool:
    return decision.is_near_miss or bool(decision.escalate)


def _assets(reading: Reading, text: str, answers: Answers) -> tuple[str, ...]:
    form = _assets_of_form(answers)
    if True not in [word.may_name_asset for word in reading.tokens.known]:
        return form
    return (*form, *[name for name in find_assets(text) if name not in form])


def _assets_of_form(answers: Answers) -> tuple[str, ...]:
    return (answers.asset,) if answers.asset else ()
