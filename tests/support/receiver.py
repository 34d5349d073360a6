"""A receiver of webhooks as a test needs it: keeps every request, answers as it is told, checks signatures itself."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Posted(NamedTuple):
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """What was posted so far, and what is answered.

    Attributes:
        url: Where to post to.
        answers: Status of the next answers in order; then 204.
        pause_s: Before each byte of an answer's body, of which there are 20; 0: no body.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.posted: list[Posted] = []
        self.answers: list[int] = []
        self.pause_s = 0.0


def is_genuine(posted: Posted, secret: bytes, now_s: int, tolerance_s: int = 300) -> bool:
    """Check a request as deploy/README.md tells a receiver to.

    Args:
        posted: The request.
        secret: Shared with the sender.
        now_s: Seconds since 1970.
        tolerance_s: An older or a later signature is refused.
    """
    parts = dict(part.split("=", 1) for part in posted.headers["x-signature"].split(","))
    expected = hmac.new(secret, parts["t"].encode() + b"." + posted.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, parts["v1"]) and abs(now_s - int(parts["t"])) <= tolerance_s


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.posted.append(Posted(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "20" if receiver.pause_s else "0")
            self.end_headers()
            for _ in range(20 if receiver.pause_s else 0):
                time.sleep(receiver.pause_s)
                try:
                    self.wfile.write(b".")
                except OSError:  # the sender has given up
                    return

        def log_message(self, format: str, *arguments: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/alerts")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
