"""deploy/SETTINGS.md: every setting of every service, from the classes that read them."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from deploy.local.environment import shared_settings
from services.actions.settings import Settings as Actions
from services.classifier.settings import Settings as Classifier
from services.intake.settings import Settings as Intake
from services.reporting.settings import Settings as Reporting
from shared.runtime.settings import RuntimeSettings, variable_of

CLASSES: dict[str, type[RuntimeSettings]] = {
    "intake": Intake,
    "classifier": Classifier,
    "actions": Actions,
    "reporting": Reporting,
}


def is_secret(field: FieldInfo) -> bool:
    """Tell whether a field holds a secret: such a one is given by reference, never written down."""
    return field.annotation is SecretStr or SecretStr in getattr(field.annotation, "__args__", ())


def page() -> str:
    """Return the page."""
    lines = [
        "# Settings",
        "",
        "Written by `make docs` from the settings classes; do not edit. All are environment variables. What every",
        "deployment sets stands in deploy/settings, which docker compose, kubernetes and the local stack read alike;",
        "addresses and secrets come from where the service runs. A wrong value or a misspelt name stops the start.",
        "",
        *_table("Every service", RuntimeSettings, {}, shared_settings("none")),
    ]
    for service, settings in CLASSES.items():
        lines += _table(service, settings, RuntimeSettings.model_fields, shared_settings(service))
    return "\n".join(lines).rstrip() + "\n"


def _table(title: str, settings: type[RuntimeSettings], without: Any, shared: dict[str, str]) -> list[str]:
    fields = {name: field for name, field in settings.model_fields.items() if name not in without}
    lines = [f"## {title}", "", "| variable | default | what it is |", "|---|---|---|"]
    for name, field in fields.items():
        variable = variable_of(settings, name)
        said = " ".join((field.description or "").split()).replace("|", "\\|")
        lines.append(f"| `{variable}` | {_default(field, shared.get(variable))} | {said} |")
    return [*lines, ""]


def _default(field: FieldInfo, shared: str | None) -> str:
    if is_secret(field):
        return "secret"
    value = "none" if field.default in (None, "") else f"`{field.default}`"
    return value if shared is None or f"`{shared}`" == value else f"{value}; deployed: `{shared}`"
