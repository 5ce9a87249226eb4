"""``nlac completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from nlac.cli.main import cli


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script for a shell.

    \b
    Examples:
      nlac completion bash > ~/.local/share/bash-completion/completions/nlac
      eval "$(nlac completion zsh)"             in ~/.zshrc
      nlac completion fish > ~/.config/fish/completions/nlac.fish
    """
    completion = get_completion_class(shell)
    assert completion is not None
    click.echo(completion(cli, {}, "nlac", "_NLAC_COMPLETE").source())
