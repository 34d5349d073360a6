"""Who may do what on Kafka, derived from the topic registry: `python -m shared.runtime.acls` prints or applies it.

Each service may write its own topics and the dead letters of what it reads, and read its inputs in its own group; a
provider with a topic of its own may read that and nothing else. Whoever provisions and runs the commands for dead
letters is a super user of the cluster. Users are made by Kafka's own tools; see deploy/README.md.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import Annotated, Any, Final, NamedTuple

import typer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.admin import CreateAclsRequest

from shared.contracts.topics import SERVICES, VIEWS, Service, group, inputs_of, outputs_of, own_views
from shared.runtime.access import Kafka, options_of
from shared.runtime.engines import wait_for_kafka
from shared.runtime.settings import RuntimeSettings

TOPIC: Final = "topic"
GROUP: Final = "group"
READ: Final = "read"
WRITE: Final = "write"
DESCRIBE: Final = "describe"
# The numbers stand in the protocol: https://kafka.apache.org/protocol (ResourceType, AclOperation, PatternType).
_RESOURCES: Final = {TOPIC: 2, GROUP: 3}
_OPERATIONS: Final = {READ: 3, WRITE: 4, DESCRIBE: 8}
_LITERAL, _PREFIXED, _ALLOW = 3, 4, 3


class Grant(NamedTuple):
    """One thing that a user may do.

    Attributes:
        user: Kafka's name of the user.
        resource: topic or group.
        name: Its name; of a prefix, what its names begin with.
        operation: read, write or describe.
        prefix: Whether all names are meant that begin so.
    """

    user: str
    resource: str
    name: str
    operation: str
    prefix: bool = False


def user_of(service: Service) -> str:
    """Return the name under which a service signs in."""
    return f"nearmiss-{service}"


def user_of_provider(provider_id: str) -> str:
    """Return the name under which a provider reads its own topic."""
    return f"nearmiss-provider-{provider_id}"


def desired_grants(providers: Sequence[str]) -> list[Grant]:
    """Return all that may be done, by whom; what is not listed is refused by a cluster with an authorizer.

    Args:
        providers: Those with a topic of their own.
    """
    grants = [grant for service in SERVICES for grant in _of_service(service, providers)]
    for provider in providers:
        user = user_of_provider(provider)
        grants += [Grant(user, TOPIC, own_views(provider).name, operation) for operation in (READ, DESCRIBE)]
        grants.append(Grant(user, GROUP, f"{provider}.", READ, prefix=True))
    return grants


def _of_service(service: Service, providers: Sequence[str]) -> list[Grant]:
    user, inputs = user_of(service), inputs_of(service)
    writes = [topic.name for topic in outputs_of(service, providers)]
    writes += [topic.dead_letter(service) for topic in inputs]
    found = [Grant(user, TOPIC, name, operation) for name in writes for operation in (WRITE, DESCRIBE)]
    # Its own topics too: commands and rebuilds read back what was published.
    reads = [topic.name for topic in (*outputs_of(service), *inputs)]
    found += [Grant(user, TOPIC, name, READ) for name in reads]
    found += [Grant(user, TOPIC, topic.name, DESCRIBE) for topic in inputs]
    found.append(Grant(user, GROUP, group(service), READ))
    return found + (_of_the_pipeline_page(user) if service == VIEWS.producer else [])


def _of_the_pipeline_page(user: str) -> list[Grant]:
    """How far every service has read, and how much it refused, is asked of Kafka by the service that shows it."""
    others = [service for service in SERVICES if service != VIEWS.producer]
    letters = [topic.dead_letter(service) for service in others for topic in inputs_of(service)]
    found = [Grant(user, TOPIC, name, DESCRIBE) for name in letters]
    return found + [Grant(user, GROUP, group(service), DESCRIBE) for service in others]


async def grant_all(kafka: Kafka, grants: Sequence[Grant]) -> None:
    """Have Kafka allow them, which holds a moment later; what it allows already stays as it is.

    Args:
        kafka: Where it is and how to sign in, as a user who may alter the cluster.
        grants: What to allow.

    Raises:
        KafkaError: the cluster has no authorizer, or this user may not do that.
    """
    client = AIOKafkaClient(**options_of(kafka), client_id="nearmiss-acls")
    await client.bootstrap()
    try:
        for grant in grants:
            answer: Any = await client.send(client.get_random_node(), _request(grant))
            for code, message in answer.creation_responses:
                if code:
                    raise for_code(code)(message or f"{grant}")
    finally:
        await client.close()


def _request(grant: Grant) -> CreateAclsRequest:
    return CreateAclsRequest(
        _RESOURCES[grant.resource],
        grant.name,
        _PREFIXED if grant.prefix else _LITERAL,
        f"User:{grant.user}",
        "*",
        _OPERATIONS[grant.operation],
        _ALLOW,
    )


def main(apply: Annotated[bool, typer.Option("--apply", help="Have Kafka allow them.")] = False) -> None:
    """Print who may do what on Kafka, one line each; with --apply, make it so."""
    settings = RuntimeSettings()
    grants = desired_grants(settings.providers_with_topics)
    for grant in grants:
        name = f"{grant.name}*" if grant.prefix else grant.name
        sys.stdout.write(f"{grant.user} {grant.operation} {grant.resource} {name}\n")
    if apply:
        asyncio.run(_apply(settings, grants))


async def _apply(settings: RuntimeSettings, grants: Sequence[Grant]) -> None:
    await wait_for_kafka(settings.kafka, settings.engines_wait_s)
    try:
        await grant_all(settings.kafka, grants)
    except KafkaError as error:
        raise SystemExit(
            f"Kafka refused ({type(error).__name__}): the cluster needs an authorizer (authorizer.class.name), and "
            "KAFKA_SASL_USERNAME a user who may alter it."
        ) from None


if __name__ == "__main__":
    typer.run(main)
