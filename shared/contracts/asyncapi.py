"""The AsyncAPI 3 document of the event log, written from the topic registry: who sends what where, and who reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from shared.contracts.envelope import Event
from shared.contracts.publish import EXAMPLES, SCHEMAS, examples_of, schema_path
from shared.contracts.topics import SERVICES, TOPICS, Service, Topic, group

VERSION = "3.0.0"
SCHEMA_FORMAT = "application/schema+json;version=2020-12"
ATTRIBUTES = {
    "ce_specversion": "Version of CloudEvents, 1.0.",
    "ce_id": "The event's derived id: the same fact has the same id however often it is sent.",
    "ce_type": "The event's type, as in the body.",
    "ce_source": "/nearmiss/ and the service that sent it.",
    "ce_subject": "Id of what the event is about.",
    "ce_time": "When our system wrote it down, RFC 3339.",
    "content-type": "application/json",
}
"""CloudEvents 1.0 in binary mode: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md."""


def document() -> dict[str, Any]:
    """Return the document; schemas and examples are named by their place beside it."""
    return {
        "asyncapi": VERSION,
        "info": {
            "title": "Near-miss learning: the event log",
            "version": "1",
            "description": "Every topic, its events, who sends them and who reads them. Unknown types and fields are "
            "to be passed over; words of the taxonomy are open. The partition is murmur2 of provider:site.",
        },
        "defaultContentType": "application/json",
        "channels": {_channel_id(topic): _channel(topic) for topic in TOPICS},
        "operations": dict(_operations()),
        "components": {
            "messages": {_message_id(topic, event): _message(topic, event) for topic, event in _all()},
            "messageTraits": {"cloudEvent": {"headers": _headers()}},
        },
    }


def text() -> str:
    """Return the document as the file holds it."""
    return json.dumps(document(), indent=1) + "\n"


def _all() -> Iterator[tuple[Topic, type[Event]]]:
    for topic in TOPICS:
        for event in topic.events:
            yield topic, event


def _channel_id(topic: Topic) -> str:
    return f"{topic.aggregate}-v{topic.major}"


def _message_id(topic: Topic, event: type[Event]) -> str:
    return f"{topic.aggregate}-{event.__name__}"


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "title": topic.name,
        "description": " ".join(
            (
                topic.purpose,
                *((f"Beside the events: {topic.beside}",) if topic.beside else ()),
                f"Key: {topic.key_shape}. Trust domain: {topic.trust}.",
            )
        ),
        "messages": {
            event.__name__: {"$ref": f"#/components/messages/{_message_id(topic, event)}"} for event in topic.events
        },
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": _configuration(topic),
                "bindingVersion": "0.5.0",
            }
        },
    }


def _configuration(topic: Topic) -> dict[str, Any]:
    """Return what the Kafka binding has words for; numbers as numbers."""
    config: dict[str, Any] = {"cleanup.policy": [topic.config()["cleanup.policy"]]}
    if "retention.ms" in topic.config():
        config["retention.ms"] = int(topic.config()["retention.ms"])
    return config


def _operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for service in SERVICES:
        for topic in TOPICS:
            if topic.producer == service:
                yield f"{service}-sends-{topic.aggregate}", _operation("send", topic, {})
            if service in topic.consumers:
                yield f"{service}-reads-{topic.aggregate}", _operation("receive", topic, _group(service))


def _group(service: Service) -> dict[str, Any]:
    return {
        "bindings": {
            "kafka": {"groupId": {"type": "string", "enum": [group(service)]}, "bindingVersion": "0.5.0"},
        }
    }


def _operation(action: str, topic: Topic, more: dict[str, Any]) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{_channel_id(topic)}"}, **more}


def _message(topic: Topic, event: type[Event]) -> dict[str, Any]:
    return {
        "name": event.__name__,
        "title": event.__name__,
        "summary": (event.__doc__ or "").strip().splitlines()[0],
        "contentType": "application/json",
        "payload": {
            "schemaFormat": SCHEMA_FORMAT,
            "schema": {"$ref": f"./{SCHEMAS}/{topic.name}/{schema_path(topic, event).name}"},
        },
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
        "x-examples": [f"./{EXAMPLES}/{topic.name}/{name}" for name, _ in examples_of(topic, event)],
    }


def _headers() -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(ATTRIBUTES),
        "properties": {
            **{name: {"type": "string", "description": said} for name, said in ATTRIBUTES.items()},
            "traceparent": {"type": "string", "description": "W3C trace context, where the request was traced."},
        },
    }
