"""A lost connection to Kafka, on both event loops: to send on it is an error of Kafka's, which is waited out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import aiokafka.conn
import pytest
import uvloop
from aiokafka.errors import KafkaConnectionError

from shared.runtime.kafka import Connection


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_to_send_on_a_lost_connection_is_an_error_of_kafka(run: Callable):
    """Else the task of the client that sent would end for ever, and with it all reading."""

    async def send_after_the_end() -> None:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1")
        port = server.sockets[0].getsockname()[1]
        connection = aiokafka.conn.AIOKafkaConnection("127.0.0.1", port)
        connection._reader, connection._writer = await asyncio.open_connection("127.0.0.1", port)
        connection._read_task = asyncio.get_running_loop().create_future()  # it has not noticed yet
        connection._writer.transport.abort()
        await asyncio.sleep(0.05)
        try:
            connection.send(aiokafka.conn.ApiVersionRequest())
        finally:
            server.close()

    assert aiokafka.conn.AIOKafkaConnection is Connection
    with pytest.raises(KafkaConnectionError):
        run(send_after_the_end())
