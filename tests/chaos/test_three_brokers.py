"""Three brokers, three copies, two in sync: one may go at any time, two stop the log, and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource
from pymongo import MongoClient

from shared.contracts.topics import SERVICES, TOPICS
from tests.support.storm import storm, strike
from tests.support.system import System, until

pytestmark = [pytest.mark.e2e, pytest.mark.chaos]
BROKERS = ("kafka-1", "kafka-2", "kafka-3")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Everything over three brokers, without the demo's data."""
    running = System(tmp_path_factory.mktemp("cluster"), brokers=3, with_data=False)
    running.bring_up()
    yield running
    running.close()


def test_every_topic_has_three_copies_and_needs_two(cluster: System):
    """Provisioning says so itself: it does not hang on what the brokers' defaults are."""
    admin = AdminClient({"bootstrap.servers": cluster.engines.kafka_bootstrap})
    names = [topic.name for topic in TOPICS]
    names += [topic.dead_letter(service) for topic in TOPICS for service in topic.consumers]
    known = admin.list_topics(timeout=20).topics

    assert {len(one.replicas) for name in names for one in known[name].partitions.values()} == {3}
    asked = admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, name) for name in names])
    found = [answer.result(20)["min.insync.replicas"] for answer in asked.values()]
    assert {one.value for one in found} == {"2"}
    assert not any(one.is_default for one in found)


def test_kill_9_of_every_part_and_of_each_broker_loses_and_doubles_nothing(cluster: System):
    """After nine kills under load the views' total is the number of reports that were answered 202."""
    with storm(cluster, at_least=200):
        strike(cluster, (*SERVICES, "mongo", "front"))
        for broker in BROKERS:
            until(lambda: copies_in_sync(cluster) == 3, 60, "three copies in sync")
            strike(cluster, [broker])


@pytest.mark.parametrize("broker", BROKERS)
def test_with_one_broker_down_reports_go_on_into_the_views(cluster: System, broker: str):
    """Leaders, the groups' coordinators and the controller move to the other two; nobody waits for the third."""
    until(lambda: copies_in_sync(cluster) == 3, 60, "three copies in sync")
    with storm(cluster, at_least=20, threads=1) as blowing:
        cluster.engines.kill(broker, stay_down=True)
        accepted = len(blowing.accepted)
        until(lambda: len(blowing.accepted) > accepted, 30, "a report after the kill")
        before = blowing.seen()
        until(lambda: blowing.seen() > before + 20, 60, "twenty reports in the views with one broker down")
        assert not cluster.engines.answers(broker)
        cluster.engines.restart(broker)


def test_with_two_brokers_down_reports_wait_and_come_when_one_is_back(cluster: System):
    """No majority, no acknowledgement: intake goes on taking reports, its outbox keeps them, then all is sent once."""
    until(lambda: copies_in_sync(cluster) == 3, 60, "three copies in sync")
    with storm(cluster, at_least=20, threads=1) as blowing:
        for broker in BROKERS[:2]:
            cluster.engines.kill(broker, stay_down=True)
        time.sleep(3.0)  # what was acknowledged before is read and shown
        seen, accepted, waiting = blowing.seen(), len(blowing.accepted), outbox_rows(cluster)
        until(lambda: len(blowing.accepted) >= accepted + 20, 60, "twenty more reports answered 202")
        assert outbox_rows(cluster) >= waiting + 20
        assert blowing.seen() == seen

        cluster.engines.restart(BROKERS[0])
        until(lambda: blowing.seen() >= seen + 20, 90, "what waited in the views with two of three brokers")
        assert not cluster.engines.answers(BROKERS[1])
        cluster.engines.restart(BROKERS[1])
    until(lambda: copies_in_sync(cluster) == 3, 60, "three copies in sync again")


def copies_in_sync(system: System) -> int:
    """The smallest number of copies in sync of any partition of ours."""
    admin = AdminClient({"bootstrap.servers": system.engines.kafka_bootstrap})
    known = admin.list_topics(timeout=20).topics
    return min(len(one.isrs) for topic in TOPICS for one in known[topic.name].partitions.values())


def outbox_rows(system: System) -> int:
    """Reports that intake has promised and Kafka does not have yet."""
    with MongoClient(system.engines.mongodb_uri) as client:
        return client["nearmiss_intake"]["outbox"].count_documents({})
