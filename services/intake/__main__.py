"""Commands of intake: the register, people and keys, imports of what a provider has, redaction."""

from __future__ import annotations

import typer

from services.intake.commands import imports, keys, redaction, register, vault

app = typer.Typer(no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)
for command in (
    register.registry,
    register.sites,
    register.assets,
    register.people,
    register.roles,
    register.exposure,
    redaction.redact,
):
    app.command()(command)
app.command(name="import")(imports.import_file)
app.command(name="import-sites")(register.import_sites)
app.command(name="evaluate-redaction")(redaction.evaluate_redaction)
app.command(name="rotate-kek")(vault.rotate)
app.command(name="after-restore")(vault.after_restore)
app.add_typer(keys.app, name="keys")

if __name__ == "__main__":
    app()
