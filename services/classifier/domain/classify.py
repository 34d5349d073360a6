"""Decides all labels of a report by rules over the taxonomy; a trained model may stand in its place."""

from typing import Final

from services.classifier.domain.classification import Answers, Classification
from services.classifier.domain.domains import choose_domains, score_domains
from services.classifier.domain.escalate import Outcome, decide_outcome
from services.classifier.domain.event import kind_of_no_event
from services.classifier.domain.explain import confidence_of, evidence_of, review_reason
from services.classifier.domain.labels import caught_by, disruption_of, factors_of
from services.classifier.domain.legible import why_illegible
from services.classifier.domain.match import Matcher
from services.classifier.domain.reading import Reading, read
from services.classifier.domain.severity import grade
from shared.taxonomy.assets import find_assets
from shared.taxonomy.event_class import REACHED_SOMEONE, UNKNOWN, event_class
from shared.taxonomy.model import Taxonomy

_MILDEST: Final = 0
_WEAK: Final = 2.0


class Classifier:
    """Classifies reports by one taxonomy; it keeps no report."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        self._matcher = Matcher(taxonomy)
        self._mildest = list(taxonomy.severities)[_MILDEST]

    def classify(self, text: str, setting: str, answers: Answers | None = None) -> Classification:
        """Classify one report.

        Args:
            text: The redacted text; any length, any language.
            setting: The kind of service from the form; the rules of this version do not depend on it.
            answers: What the reporter answered; it outranks what the words suggest.

        Returns:
            The labels. Where the words cannot be read or nothing in them is known, `is_near_miss` is None, there is no
            domain and a person is asked to look. It never raises.
        """
        del setting  # part of the interface, for a model that uses it
        answers = answers or Answers()
        reading = read(text, self._matcher, self._taxonomy.spellings)
        illegible = why_illegible(reading)
        if illegible:
            return self._abstain(reading, text, answers, illegible)
        outcome = decide_outcome(reading, self._taxonomy)
        if not outcome.escalate and answers.reached_person is None and (kind := kind_of_no_event(reading)):
            return self._no_event(reading, kind)
        return self._event(reading, text, outcome.with_answers(answers), answers)

    def _event(self, reading: Reading, text: str, outcome: Outcome, answers: Answers) -> Classification:
        taxonomy = self._taxonomy
        scores = score_domains(reading, taxonomy.domains)
        domains = choose_domains(scores, reading, taxonomy.domains, outcome.escalate)
        if not outcome.escalate and max(scores.values(), default=0.0) < _WEAK and not reading.hits.get("cue:problem"):
            return self._abstain(reading, text, answers, "Too little in the words shows what happened.")
        factors = factors_of(reading, taxonomy)
        caught = (answers.stopped_by or caught_by(reading, taxonomy)) if outcome.is_near_miss else ()
        disruption = answers.disruption_kind or disruption_of(reading, taxonomy)
        severity = grade(reading, taxonomy, domains)
        labels = {
            "domains": domains,
            "contributory_factors": factors,
            "how_caught": caught,
            "potential_severity": (severity,),
            "disruption_kind": (disruption,) if disruption else (),
            "escalate": outcome.escalate,
        }
        under_way = _act_under_way(reading)
        reason = review_reason(outcome, scores, domains, taxonomy, act_under_way=under_way)
        return Classification(
            is_near_miss=outcome.is_near_miss,
            domains=domains,
            primary_domain=domains[0] if domains else None,
            contributory_factors=factors,
            potential_severity=severity,
            how_caught=caught,
            escalate=outcome.escalate,
            confidence=confidence_of(labels, scores, reading, doubtful=outcome.doubtful),
            evidence=evidence_of(labels, reading, taxonomy),
            event_class=event_class(
                is_near_miss=outcome.is_near_miss,
                escalate=outcome.escalate,
                disruption_kind=disruption,
                injured=outcome.injured,
                act_under_way=under_way,
                nothing_went_wrong=_good_catch(reading, domains, factors),
            ),
            disruption_kind=disruption,
            assets=_assets(text, answers),
            prompts=outcome.prompts,
            needs_review=reason is not None,
            review_reason=reason,
            taxonomy_version=taxonomy.version,
        )

    def _no_event(self, reading: Reading, kind: str) -> Classification:
        domains = ("environment",) if kind == "cosmetic" else ()
        labels = {"domains": domains}
        return Classification(
            is_near_miss=False,
            domains=domains,
            primary_domain=domains[0] if domains else None,
            contributory_factors=(),
            potential_severity=self._mildest,
            how_caught=(),
            escalate=(),
            confidence=confidence_of(labels, dict.fromkeys(domains, _WEAK), reading, doubtful=False),
            evidence={"is_near_miss": reading.offsets(f"cue:{kind}")},
            event_class=event_class(is_near_miss=False, escalate=()),
            disruption_kind=None,
            assets=(),
            prompts=(),
            needs_review=False,
            review_reason=None,
            taxonomy_version=self._taxonomy.version,
        )

    def _abstain(self, reading: Reading, text: str, answers: Answers, reason: str) -> Classification:
        """Say nothing but what the form and the escalation rules say, and ask a person."""
        outcome = decide_outcome(reading, self._taxonomy)
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
            assets=_assets(text, answers),
            prompts=outcome.prompts,
            needs_review=True,
            review_reason=reason,
            taxonomy_version=self._taxonomy.version,
        )


def _act_under_way(reading: Reading) -> bool | None:
    if reading.hits.get("cue:act_under_way"):
        return True
    return False if reading.hits.get("cue:condition") else None


def _good_catch(reading: Reading, domains: tuple[str, ...], factors: tuple[str, ...]) -> bool:
    """A good catch of early illness, where nothing had been missed."""
    return bool(reading.hits.get("cue:good_catch")) and domains[:1] == ("clinical_deterioration",) and not factors


def _assets(text: str, answers: Answers) -> tuple[str, ...]:
    named = find_assets(text)
    return (answers.asset, *(name for name in named if name != answers.asset)) if answers.asset else named
