"""Two releases side by side: consumers first, one process at a time, under load; and back again in reverse."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

import orjson
import psutil
import pytest

from deploy.local.demo import is_ready
from deploy.local.settings import PROJECT
from shared.contracts.topics import REPORTS
from tests.e2e.log import every_record
from tests.support.storm import storm
from tests.support.system import System, until

pytestmark = [pytest.mark.e2e, pytest.mark.chaos]
CONSUMERS = ("reporting", "actions", "classifier")
NEW_FIELD = "lighting"
CHANGES = (
    (
        "shared/contracts/intake.py",
        "    worry: int | None = Field(default=None, ge=1, le=4)\n",
        f"    worry: int | None = Field(default=None, ge=1, le=4)\n    {NEW_FIELD}: Word | None = None\n",
    ),
    (
        "services/intake/adapters/events.py",
        "            fields[nested] = flat(fields[nested])\n    return fields\n",
        f'            fields[nested] = flat(fields[nested])\n    fields["{NEW_FIELD}"] = "dim"\n    return fields\n',
    ),
)
"""What CONTRIBUTING.md allows within a major version: an optional field, published by its producer. File, old, new."""


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The next release: this one with the changes."""
    tree = tmp_path_factory.mktemp("next-release")
    for name in ("services", "shared"):
        shutil.copytree(PROJECT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, old, new in CHANGES:
        text = (tree / name).read_text()
        assert text.count(old) == 1, f"{name} has changed: this test's next release must follow it"
        (tree / name).write_text(text.replace(old, new))
    return tree


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pairs]:
    """Everything without the demo's data, with two processes of each consumer."""
    running = Pairs(tmp_path_factory.mktemp("pairs"), with_data=False)
    running.bring_up()
    for name in CONSUMERS:
        running.run_from(PROJECT, f"{name}-2")
    yield running
    running.close()


class Pairs(System):
    """A system whose processes can be exchanged for those of another release."""

    def run_from(self, tree: Path, process: str) -> None:
        """Start a process from a release's folder; one that runs is stopped first, as a deployment does it.

        Args:
            tree: Holds services and shared.
            process: A service's name, or that with -2 for its second process.
        """
        supervisor, port = self.engines.supervisor, self.engines.ports.port(process.replace("-", "_"))
        supervisor.stop([process])
        program = self._service(process.removesuffix("-2"), port)
        supervisor.start(dataclasses.replace(program, name=process, folder=tree))
        supervisor.wait_ready(process, lambda: is_ready(port), 60)
        pid = supervisor.pid(process)
        assert pid is not None
        assert Path(psutil.Process(pid).cwd()) == tree

    def take_down(self) -> None:
        """Stop the second processes too before the engines go."""
        self.engines.supervisor.stop([f"{name}-2" for name in CONSUMERS])
        super().take_down()


def test_consumers_first_then_the_producer_and_nothing_is_lost_or_doubled(pairs: Pairs, upgraded: Path):
    """Seven processes change under load; old and new share each group for a while; the new field is on the log."""
    assert fields_on_the_log(pairs) == set()
    with storm(pairs, at_least=100) as blowing:
        for service in CONSUMERS:
            for process in (f"{service}-2", service):
                pairs.run_from(upgraded, process)
        assert fields_on_the_log(pairs) == {False}, "only the producer's change can bring the field"
        pairs.run_from(upgraded, "intake")
        accepted = len(blowing.accepted)
        until(lambda: len(blowing.accepted) > accepted + 20, 60, "reports taken by the new intake")
    assert fields_on_the_log(pairs) == {False, True}
    assert dead_letters(pairs) == 0


def test_back_to_the_old_release_with_new_fields_on_the_log(pairs: Pairs):
    """The producer first, then the consumers: what only the new release knows is passed over, nothing is lost."""
    with storm(pairs, at_least=100):
        for process in ("intake", *(f"{name}{which}" for name in CONSUMERS for which in ("", "-2"))):
            pairs.run_from(PROJECT, process)
    assert dead_letters(pairs) == 0


def test_a_producer_that_goes_first_harms_no_old_consumer(pairs: Pairs, upgraded: Path):
    """The wrong order costs only what the old release cannot know: each report is still counted once."""
    with storm(pairs, at_least=20) as blowing:
        pairs.run_from(upgraded, "intake")
        accepted = len(blowing.accepted)
        until(lambda: len(blowing.accepted) > accepted + 20, 60, "reports taken by the new intake")
    assert dead_letters(pairs) == 0


def fields_on_the_log(system: System) -> set[bool]:
    """Whether reports on the log have the new field: of some, of none, of all."""
    values = (
        orjson.loads(value)
        for topic, record in every_record(system)
        if topic == REPORTS.name and record.key() != b"__marker__" and (value := record.value()) is not None
    )
    return {NEW_FIELD in value["report"] for value in values if "report" in value}


def dead_letters(system: System) -> int:
    """How many records any consumer could not read."""
    return sum(topic.endswith(".dlq") for topic, _ in every_record(system))
