"""The invented people of the demo: each act of acts.yaml goes through the route that a page or a program would use.

An act whose outcome is there already is passed over, so that a load that broke off can begin again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from deploy.demo.data import HERE, day_of, day_word
from deploy.demo.lead import Leads
from deploy.demo.readers import Caller, Readers


class People:
    """Acts as managers, the group's lead and the safeguarding lead.

    Args:
        caller: Calls the front door.
        token: Makes the token of a role at a site; the site is None for the whole group.
        monday: Monday of week 1.
        say: Prints a line of progress.
    """

    def __init__(
        self,
        caller: Caller,
        token: Callable[[str, str | None], str],
        monday: date,
        say: Callable[[str], None],
    ) -> None:
        self._caller = caller
        self._token = token
        self._monday = monday
        self._say = say
        self._chosen: dict[str, str] = {}
        self._do: Mapping[str, Callable[[dict[str, Any]], None]] = {
            "open": self._open, "accept": self._accept, "decline": self._decline, "start": self._start,
            "step": self._step, "comment": self._comment,
            "complete": self._complete, "verify": self._verify, "routine": self._routine, "round": self._round,
            "compare": self._compare, "signal": self._signal, "log": self._log,
            "take_out": self._take_out, "put_back": self._put_back, "pulse": Readers(caller, token).pulse,
            **Leads(self).kinds,
        }  # fmt: skip

    def act(self, act: dict[str, Any]) -> None:
        """Do what a line of acts.yaml says.

        Args:
            act: The line, with `at` as a moment.
        """
        self._do[act["do"]](act)

    def send(self, act: dict[str, Any], path: str, body: dict[str, Any]) -> Any:
        """Do something as of the act's moment, as who acts.

        Args:
            act: The line.
            path: Below /act/v1/.
            body: What is sent.
        """
        then = {"Effective-At": act["at"].isoformat()}
        return self._caller.call("POST", f"/act/v1/{path}", self._bearer(act), json=body, headers=then)

    def read(self, act: dict[str, Any], path: str, **asked: Any) -> Any:
        """Read something as who acts.

        Args:
            act: The line.
            path: Below /act/v1/.
            asked: The query; what is None is left out.
        """
        params = {name: value for name, value in asked.items() if value is not None}
        return self._caller.call("GET", f"/act/v1/{path}", self._bearer(act), params=params)

    def _bearer(self, act: dict[str, Any]) -> str:
        return self._token(act["by"], act["site"] if act["by"] == "manager" else None)

    def _task(self, act: dict[str, Any]) -> dict[str, Any] | None:
        """Return the site's newest task of the playbook; of an act without one, that of the act before."""
        site = act["site"]
        playbook = self._chosen[site] = act.get("playbook") or self._chosen[site]
        found = self.read(act, "actions", site=site, status="all", limit=500)["actions"]
        mine = [task for task in found if task["playbook_id"] == playbook]
        if not mine:
            self._say(f"no task of {playbook} at {site} on {act['at'].date()}: passed over")
            return None
        return dict(max(mine, key=lambda task: str(task["proposed_at"])))

    def _on_task(self, act: dict[str, Any], verb: str, body: dict[str, Any], *statuses: str) -> None:
        task = self._task(act)
        if task is not None and task["status"] in statuses:
            self.send(act, f"actions/{task['action_id']}{verb}", {"version": task["version"], **body})

    def _open(self, act: dict[str, Any]) -> None:
        """Open a task from a signal where no report pattern has called for it."""
        signal = self._found(act)
        listed = self.read(act, "actions", site=act["site"], status="all", limit=500)["actions"]
        if signal is not None and all(task["playbook_id"] != act["playbook"] for task in listed):
            why = {"signal_id": signal["signal_id"], "reports": signal["report_ids"]}
            self.send(act, "actions", {"site": act["site"], "playbook": act["playbook"], **why})

    def _accept(self, act: dict[str, Any]) -> None:
        due_on = act["at"].date() + timedelta(weeks=act["due_weeks"])
        body = {"due_on": due_on.isoformat(), "owner_role": act["owner"]}
        self._on_task(act, ":accept", body, "proposed")

    def _decline(self, act: dict[str, Any]) -> None:
        self._on_task(act, ":decline", {"reason": act["reason"]}, "proposed")

    def _start(self, act: dict[str, Any]) -> None:
        self._on_task(act, ":start", {}, "accepted")

    def _step(self, act: dict[str, Any]) -> None:
        steps = (self._task(act) or {"steps": ()})["steps"]
        if any(step["step_id"] == act["step"] and not step["done_at"] for step in steps):
            body: dict[str, Any] = {name: act[name] for name in ("note", "count", "file") if name in act}
            self._on_task(act, f"/steps/{act['step']}:complete", body, "accepted", "in_progress")

    def _comment(self, act: dict[str, Any]) -> None:
        if not (self._task(act) or {"comments": 1})["comments"]:
            self._on_task(act, ":comment", {"comment": act["words"]}, "accepted", "in_progress")

    def _complete(self, act: dict[str, Any]) -> None:
        self._on_task(act, ":complete", {}, "accepted", "in_progress")

    def _verify(self, act: dict[str, Any]) -> None:
        self._on_task(act, ":verify", {}, "completed")

    def _routine(self, act: dict[str, Any]) -> None:
        """Set a routine up: a playbook's, with its task, or one of the site's own."""
        task = self._task(act) if "playbook" in act else None
        if ("playbook" in act and task is None) or self._named(act, act["title"]):
            return
        week, weekday = act["from"].split()
        kept = ("playbook", "title", "rule", "grace_days", "kind")
        body: dict[str, Any] = {name: act[name] for name in kept if name in act}
        body |= {"site": act["site"], "action_id": task["action_id"]} if task else {"site": act["site"]}
        if "owner" in act:
            body["owner_role"] = act["owner"]
        body["starts_on"] = day_of(self._monday, int(week), day_word(weekday)).isoformat()
        self.send(act, "routines", body)

    def _named(self, act: dict[str, Any], title: str) -> str | None:
        found = self.read(act, "routines", site=act["site"], status="all")["routines"]
        return next((str(routine["routine_id"]) for routine in found if routine["title"] == title), None)

    def _due(self, act: dict[str, Any]) -> dict[str, Any] | None:
        """Return the occurrence of the act's day where nobody has done it yet."""
        day = act["at"].date().isoformat()
        asked = {"routine": self._named(act, act["routine"]), "status": "open", "due_from": day, "due_to": day}
        return next(iter(self.read(act, "occurrences", site=act["site"], **asked)["occurrences"]), None)

    def _round(self, act: dict[str, Any]) -> None:
        if (due := self._due(act)) is not None:
            self.send(act, f"occurrences/{due['occurrence_id']}:complete", {"version": due["version"], **act["found"]})

    def _compare(self, act: dict[str, Any]) -> None:
        if (due := self._due(act)) is not None:
            names = ("records", "reference")
            body = {name: (HERE / f"addresses_{name}.csv").read_text() for name in names}
            self.send(act, f"occurrences/{due['occurrence_id']}:verify", body)

    def _found(self, act: dict[str, Any]) -> dict[str, Any] | None:
        """Return the site's newest signal of the kind about the domain or asset, an open one first."""
        found = self.read(act, "signals", site=act["site"], status="all")["signals"]
        about = [
            signal
            for signal in found
            if signal["kind"] == act["kind"]
            and act["about"] in (*signal["series"]["domains"], signal["series"]["asset"])
        ]
        if not about:
            self._say(f"no signal about {act['about']} at {act['site']} on {act['at'].date()}: passed over")
            return None
        return dict(max(about, key=lambda signal: (signal["status"] == "open", str(signal["raised_on"]))))

    def _signal(self, act: dict[str, Any]) -> None:
        signal = self._found(act)
        if signal is None or (signal["review"] and signal["review"]["decision"] == act["decision"]):
            return
        task = self._task(act) if "playbook" in act else None
        body = {"version": signal["version"], "decision": act["decision"], "reason": act.get("reason")}
        body["action_id"] = task["action_id"] if task else None
        self.send(act, f"signals/{signal['signal_id']}:review", body)

    def _log(self, act: dict[str, Any]) -> None:
        body = {"site": act["site"], "date": act["at"].date().isoformat(), "text": act["text"]}
        self.send(act, "log", body)

    def _take_out(self, act: dict[str, Any]) -> None:
        if self._fault(act) is None:
            promised_on = (act["at"].date() + timedelta(days=act["promised_days"])).isoformat()
            body = {name: act[name] for name in ("asset", "reason", "owner")}
            self.send(act, "faults", {"site": act["site"], "promised_on": promised_on, **body})

    def _put_back(self, act: dict[str, Any]) -> None:
        fault = self._fault(act)
        if fault is not None and fault["status"] == "out_of_use":
            body = {"version": fault["version"], "note": act["note"]}
            self.send(act, f"faults/{fault['fault_id']}:back", body)

    def _fault(self, act: dict[str, Any]) -> dict[str, Any] | None:
        found = self.read(act, "faults", site=act["site"], status="all")["faults"]
        return next((fault for fault in found if fault["asset"] == act["asset"]), None)
