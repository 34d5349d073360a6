"""The reporter comes back with four words: sees what came of it, answers, adds; the first words are never edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from services.intake.domain.cases import ANSWERED, ASKED, CLOSED, DECIDED, FED_BACK, SEEN, TRIAGED, Case, Step
from services.intake.domain.return_codes import ReturnCodes
from services.intake.ports import StoredReport, Vault
from services.intake.ports.dialogue import CaseDecided, CaseStore
from shared.kernel.clock import Clock
from shared.kernel.errors import Conflict, Fault, Invalid, NotFound, Unavailable

REPORTER: Final = "reporter"
SAID_MAX_CHARS: Final = 4000
SAID_MAX: Final = 50
"""Most things that are added to one report; a code in wrong hands must not fill the vault."""
TOLD: Final = (ASKED, ANSWERED, FED_BACK)


class Guesses(Protocol):
    """Counts wrong codes."""

    def resting(self) -> bool:
        """Tell whether codes are not looked at just now."""
        ...

    def wrong(self) -> None:
        """Note a wrong code."""
        ...


class Became(Protocol):
    """Knows what became of a report."""

    async def became(self, provider_id: str, report_id: str) -> Mapping[str, Any]:
        """Return `classified_at` and `actions`, each with `status`, `title`, `completed_at` and `verdict`."""
        ...


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was said, by `team` or `reporter`; `no` is its step."""

    no: int
    kind: str
    by: str
    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Return:
    """What the return page shows.

    Attributes:
        state: open, closed, joined (the same event was told twice), withdrawn or erased.
        actions: Each with `title`, `status`, `completed_at` and `verdict`.
        question: The step of the first question that waits for an answer.
    """

    code: str
    state: str
    received_at: datetime
    reviewed_at: datetime | None
    actions: Sequence[Mapping[str, Any]]
    lines: Sequence[Line]
    question: int | None


class Returns:
    """The return page.

    Args:
        cases: Keeps dialogues.
        vault: Opens and seals what was said.
        became: Knows what came of it.
        codes: Reads codes.
        guesses: Counts wrong ones.
        clock: The source of now.
    """

    def __init__(
        self, cases: CaseStore, vault: Vault, became: Became, codes: ReturnCodes, guesses: Guesses, clock: Clock
    ) -> None:
        self._cases = cases
        self._vault = vault
        self._became = became
        self._codes = codes
        self._guesses = guesses
        self._clock = clock

    async def open(self, said: str) -> Return:
        """Return what a code stands for; feedback that was not seen yet is noted as seen.

        Raises:
            NotFound: no report has this code.
            Unavailable: too many wrong codes just now, or the database is away.
        """
        code, stored = await self._found(said)
        report = stored.report
        if stored.erased is None:
            await self._cases.change(report.provider_id, report.report_id, self._note_seen)
        cases = await self._cases.cases(report.provider_id, [report.report_id])
        case = cases.get(report.report_id) or Case(report.report_id, report.provider_id, report.site_id)
        became = await self._became.became(report.provider_id, report.report_id)
        reviewed, questions = case.of(TRIAGED), case.open_questions()
        state = _state(stored, case)
        return Return(
            code=code,
            state=state,
            received_at=report.received_at,
            reviewed_at=reviewed[0].at if reviewed else None,
            actions=became["actions"],
            lines=[]
            if stored.erased
            else [line_of(self._vault, stored, step) for step in case.of(*TOLD) if step.words],
            question=questions[0].no if questions and state == "open" else None,
        )

    async def say(self, said: str, words: str, question_step: int | None) -> None:
        """Keep an answer, or something that the reporter adds.

        Args:
            said: The code.
            words: Clean text.
            question_step: The question that it answers; None for something added.

        Raises:
            NotFound: no report has this code.
            Invalid: nothing was said, too much, or the question is not open.
            Conflict: the dialogue is over.
            Unavailable: as `open`.
        """
        _, stored = await self._found(said)
        text = words.strip()
        if not text or len(text) > SAID_MAX_CHARS:
            why = "is empty" if not text else f"has {len(text)} characters: at most {SAID_MAX_CHARS} are taken"
            raise Invalid("nothing was sent; see errors", (Fault(why, "words"),))
        now = self._clock.now()

        def decide(kept: StoredReport | None, known: Case | None) -> CaseDecided[None]:
            if kept is None or kept.erased or kept.withdrawn:
                raise Conflict("this report is closed; nothing can be added any more")
            case = known or Case(kept.report.report_id, kept.report.provider_id, kept.report.site_id)
            if case.closed or len(case.of(ANSWERED)) >= SAID_MAX:
                raise Conflict("this report is closed; nothing can be added any more")
            if question_step is not None and question_step not in [step.no for step in case.open_questions()]:
                raise Invalid("this question was answered already", (Fault("is not open", "question"),))
            sealed = self._vault.seal_part(case.report_id, kept.sealed, part_of(len(case.steps) + 1), text.encode())
            facts = {"question_step": question_step}
            return CaseDecided(None, case.with_step(ANSWERED, now, REPORTER, facts=facts, words=sealed))

        await self._cases.change(stored.report.provider_id, stored.report.report_id, decide)

    async def _found(self, said: str) -> tuple[str, StoredReport]:
        if self._guesses.resting():
            raise Unavailable("too many wrong words just now", retry_after_s=60)
        code = self._codes.read(said)
        stored = await self._cases.by_code(self._codes.hash_of(code)) if code else None
        if code is None or stored is None:
            self._guesses.wrong()
            raise NotFound("no report has these four words; look at each word again")
        return code, stored

    def _note_seen(self, _: StoredReport | None, case: Case | None) -> CaseDecided[None]:
        unseen = case.unseen_feedback() if case else None
        if case is None or unseen is None:
            return CaseDecided(None)
        return CaseDecided(None, case.with_step(SEEN, self._clock.now(), REPORTER, facts={"seen_step": unseen}))


def lines_of(vault: Vault, stored: StoredReport, case: Case) -> list[Line]:
    """Open all that was said, in order."""
    return [line_of(vault, stored, step) for step in case.of(*TOLD) if step.words]


def line_of(vault: Vault, stored: StoredReport, step: Step) -> Line:
    """Open what was said in a step."""
    words = vault.open_part(stored.report.report_id, stored.sealed, part_of(step.no), step.words or b"")
    by = REPORTER if step.by_role == REPORTER else "team"
    return Line(step.no, step.kind, by, step.at, words.decode())


def part_of(step_no: int) -> str:
    """Return which part of the sealed narrative the words of a step are."""
    return f"step-{step_no}"


def _state(stored: StoredReport, case: Case) -> str:
    if stored.erased is not None:
        return "erased"
    if any(step.facts["same_event"] for step in case.of(DECIDED)):
        return "joined"
    if stored.withdrawn is not None:
        return "withdrawn"
    return CLOSED if case.closed else "open"
