"""The settings that compose, kubernetes and the local stack share: the files of deploy/settings."""

from pathlib import Path

from dotenv import dotenv_values

from deploy.local.settings import PROJECT

FOLDER = PROJECT / "deploy" / "settings"


def shared_settings(service: str, folder: Path = FOLDER) -> dict[str, str]:
    """Read what a service gets wherever it runs.

    Args:
        service: The service's name.
        folder: Holds every.env and one file per service.

    Returns:
        Value by environment variable; the service's own file stands over every.env.
    """
    found: dict[str, str] = {}
    for name in ("every.env", f"{service}.env"):
        found |= {key: value or "" for key, value in dotenv_values(folder / name, interpolate=False).items()}
    return found
