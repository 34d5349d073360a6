"""The real Prometheus and its promtool: found, or installed where that is allowed."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "prometheus"
SETTING = "NEARMISS_PROMETHEUS_BIN"


def binary(name: str) -> str:
    """Find `prometheus` or `promtool`: in the folder that the setting names, on PATH, or by Debian's package."""
    named = os.environ.get(SETTING)
    if named:
        path = Path(named) / name
        assert path.exists(), f"{SETTING} names {named}, but {name} is not in it"
        return str(path)
    if shutil.which(name) is None and os.geteuid() == 0 and shutil.which("apt-get"):
        install = ["apt-get", "install", "-y", "--no-install-recommends", "prometheus"]
        # A package's daemon must not start beside the tests: this policy forbids it to the installer alone.
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        for command in (["apt-get", "update"], install):
            subprocess.run(command, capture_output=True, env=environment, check=False, timeout=600)
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not here: install Debian's package prometheus, or name its folder in {SETTING}")
    return found


class Prometheus:
    """A running server.

    Args:
        url: Its address.
    """

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=20)

    def get(self, path: str, **params: Any) -> Any:
        """Ask the API and return its data; raises where it says that the question is wrong."""
        answer = self.http.get(f"/api/v1/{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def query(self, text: str) -> list[Any]:
        """Return what a query finds now."""
        return self.get("query", query=text)["result"]

    def ready(self) -> bool:
        """Whether it answers."""
        try:
            return self.http.get("/-/ready").status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def scraping(folder: Path, port: int, targets: Iterable[str]) -> Iterator[Prometheus]:
    """Run Prometheus with the project's own rules over other targets.

    Args:
        folder: For its data.
        port: A free one.
        targets: host:port of the services.
    """
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(FOLDER / name) for name in config["rule_files"]]
    config["scrape_configs"][0]["static_configs"][0]["targets"] = list(targets)
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    command = [
        binary("prometheus"), f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    with (folder / "prometheus.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        server, end = Prometheus(f"http://127.0.0.1:{port}"), time.monotonic() + 30
        while not server.ready():
            assert time.monotonic() < end, (folder / "prometheus.log").read_text()[-2000:]
            assert process.poll() is None, (folder / "prometheus.log").read_text()[-2000:]
            time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        process.wait(20)
