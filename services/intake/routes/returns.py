"""The return page: four words in a form, never in an address, and what came of the report."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends, Request, Response

from services.intake.domain.text import Unclean, clean
from services.intake.routes.form_fields import read_form
from services.intake.routes.front import Front
from services.intake.usecases.returns import Return, Returns
from shared.kernel.errors import Conflict, Invalid, NotFound, Unavailable
from shared.runtime.auth import PUBLIC

ACTION_WORDS: Final = {
    "proposed": "Being looked at",
    "accepted": "Decided, to be done",
    "started": "Being done",
    "completed": "Done",
    "verified": "Done, and checked by somebody else",
    "declined": "Decided against",
    "lapsed": "Nobody took it up. If it happens again, it is proposed again",
    "reopened": "Being done again",
}
CHANGED: Final = frozenset({"completed", "verified"})
VERDICT_WORDS: Final = {
    "EFFECTIVE": "Yes. It happens less often since.",
    "PROMISING": "It looks better. There is not enough to be sure.",
    "NO_CHANGE_SEEN": "No change is seen so far.",
    "WORSE": "No. It happens more often since. It is being looked at again.",
    "INSUFFICIENT_EVIDENCE": "Too little to tell yet.",
    "CONFOUNDED_REPORTING_FELL": "Nobody can tell: fewer things were reported altogether.",
    "NOT_IMPLEMENTED": "It was not done as planned.",
    "RELAPSED": "It worked for a time and came back. It is being looked at again.",
}


def return_routes(returns: Returns, front: Front) -> APIRouter:
    """Build the routes.

    Args:
        returns: The use cases.
        front: Renders.
    """
    router = APIRouter(include_in_schema=False, dependencies=[Depends(PUBLIC)])

    def ask(problem: str | None = None, status: int = 200) -> Response:
        return front.page("return_code.html", status, problem=problem)

    def shown(found: Return, kept: bool = False, problem: str | None = None, status: int = 200) -> Response:
        return front.page(
            "return.html",
            status,
            shown=found,
            kept=kept,
            problem=problem,
            answer=_answer(found),
            changed=[action for action in found.actions if action["status"] in CHANGED],
            judged=[action for action in found.actions if action["verdict"]],
            action_words=ACTION_WORDS,
            verdict_words=VERDICT_WORDS,
        )

    @router.get("/return")
    async def form() -> Response:
        return ask()

    @router.post("/return")
    async def follow(request: Request) -> Response:
        sent = await read_form(request)
        try:
            return shown(await returns.open(sent["code"]))
        except NotFound:
            return ask("No report has these four words. Look at each word again.", 404)
        except Unavailable:
            return ask("This page rests for a minute. Please try again then. Nothing is lost.", 503)

    @router.post("/return/say")
    async def say(request: Request) -> Response:
        sent = await read_form(request)
        question = int(sent["question"]) if sent["question"].isdecimal() else None
        try:
            await returns.say(sent["code"], _cleaned(sent["words"]), question)
        except NotFound:
            return ask("No report has these four words. Look at each word again.", 404)
        except (Invalid, Conflict) as refusal:
            status = 422 if isinstance(refusal, Invalid) else 409
            why = refusal.faults[0].detail if refusal.faults else refusal.detail
            return shown(await returns.open(sent["code"]), problem=f"Not sent: {why}.", status=status)
        return shown(await returns.open(sent["code"]), kept=True)

    return router


def _cleaned(words: str) -> str:
    try:
        return clean(words)
    except Unclean as error:
        raise Invalid(str(error)) from None


def _answer(found: Return) -> str:
    """Return the page's first sentence."""
    ended = {
        "erased": "Your report was erased. Nothing of what you wrote is kept.",
        "joined": "Somebody else told us about the same event. The two were put together and are looked at as one.",
        "withdrawn": "Your report was taken out of the counts.",
    }
    if found.state in ended:
        return ended[found.state]
    if found.question:
        return "Somebody asks you a question. You can answer it below without giving your name."
    said = {
        "Yes, it mattered: something was changed because of it, and it works.": any(
            action["verdict"] == "EFFECTIVE" for action in found.actions
        ),
        "Yes, it mattered: something was changed because of it.": any(
            action["status"] in CHANGED for action in found.actions
        ),
        "Your report was used: somebody looks at what to do.": bool(found.actions),
        "A person has read your report.": found.reviewed_at is not None,
    }
    return next((words for words, holds in said.items() if holds), "Your report is safe. Nobody has read it yet.")
