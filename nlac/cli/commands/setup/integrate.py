"""``nlac integrate``: man pages, completions and the file type for a user or a prefix."""

from __future__ import annotations

import json
from pathlib import Path

import click

from nlac._errors import UsageError
from nlac.cli import _console
from nlac.cli.options.bundles import json_option


@click.command("integrate")
@click.option("--user", is_flag=True, help="For the user who calls (the default).")
@click.option(
    "--prefix", metavar="DIR", type=click.Path(file_okay=False, path_type=Path),
    help="Below DIR/share, such as /usr/local or the root of a package.",
)  # fmt: skip
@click.option("--remove", is_flag=True, help="Take away what was installed there.")
@click.option("-f", "--force", is_flag=True, help="Replace files that nlac did not write.")
@click.option("-n", "--dry-run", is_flag=True, help="Only tell what would be done.")
@json_option
@_console.verbosity_options
def command(
    user: bool, prefix: Path | None, remove: bool, force: bool, dry_run: bool, as_json: bool
) -> None:
    """Install man pages, completions, and the file type for desktops and file(1).

    Desktops then open nlac files with `nlac play` in a terminal, and file managers show
    their waveforms.

    Every file that is written or removed is named. Nothing is done outside the user's own
    folders unless --prefix asks for it, and files that nlac did not write are left alone.
    For file(1) a section is put into ~/.magic; with --prefix it is a file of its own, for
    `file -m`. Where update-mime-database and update-desktop-database are installed, they
    are called.

    \b
    Examples:
      nlac integrate --dry-run
      nlac integrate
      nlac integrate --remove
      nlac integrate --prefix /usr/local
    """
    from nlac.cli.integration import places

    if user and prefix is not None:
        raise UsageError("--user and --prefix exclude each other")
    if remove and force:
        raise UsageError("-f is for files to be written; --remove removes only what nlac wrote")
    share = places.user_share() if prefix is None else prefix / "share"
    magic = Path.home() / ".magic" if prefix is None else None
    if magic is not None and magic.is_dir():
        magic /= "nlac"
    changes = (
        places.removal(share, magic) if remove else places.installation(share, magic, force)
    )
    verbs = [change.verb for change in changes]
    for change, verb in zip(changes, verbs, strict=True):
        if not dry_run and verb != "unchanged":
            change.carry_out()
        if as_json:
            click.echo(json.dumps({"file": str(change.path), "state": verb, "dry_run": dry_run}))
        else:
            told = f"would be {verb}" if dry_run and verb != "unchanged" else verb
            _console.say(f"{change.path} {told}")
    if not dry_run and any(verb != "unchanged" for verb in verbs):
        for ran in places.update_databases(share):
            if not as_json:
                _console.say(f"{ran}: done")
    if as_json:
        return
    if not changes:
        _console.say(f"nothing of nlac is installed in {share}")
    elif not remove and prefix is None:
        _console.say(f"zsh looks in {share}/zsh/site-functions only if fpath names it")
