"""``nlac help``."""

from __future__ import annotations

import click

from nlac.cli._suggest import SuggestingGroup


@click.command("help", add_help_option=True)
@click.argument("names", metavar="[COMMAND]...", nargs=-1)
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Show the help of nlac, or of a command.

    \b
    Examples:
      nlac help
      nlac help encode
      nlac help runs list
    """
    context = ctx.find_root()
    for name in names:
        group = context.command
        if not isinstance(group, SuggestingGroup):
            raise click.UsageError(f"{context.command_path} has no commands of its own", context)
        _, inner, _ = group.resolve_command(context, [name])
        if inner is None:
            raise click.UsageError(f"no such command: {name}", context)
        context = click.Context(inner, context, name, **inner.context_settings)
    click.echo(context.get_help())
