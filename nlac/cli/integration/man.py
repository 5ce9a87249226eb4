"""Man pages of all commands, made of the commands themselves.

The text of a page is the help of its command: a paragraph that begins with ``\\b`` keeps its lines,
and one of them that is titled "Examples:" becomes a section of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from nlac import __version__
from nlac.cli.integration.marker import MARKER

_TITLE = re.compile(r"^([A-Z][A-Za-z ]*):$")
# of the group, and so of every page
_SHARED = {"Exit codes": "EXIT STATUS"}


def man_pages(root: click.Group, name: str = "nlac") -> dict[str, str]:
    """Return the pages of a group and of all commands in it: file name and content."""
    shared = _paragraphs(root.epilog)
    return {f"{_name(context)}.1": _page(context, shared) for context in _contexts(root, name)}


def _contexts(
    command: click.Command, name: str, parent: click.Context | None = None
) -> Iterator[click.Context]:
    """Contexts of a command and of all commands in it."""
    context = click.Context(command, parent, name, **command.context_settings)
    yield context
    for name, inner in _commands(context):
        yield from _contexts(inner, name, context)


def _commands(context: click.Context) -> Iterator[tuple[str, click.Command]]:
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            inner = context.command.get_command(context, name)
            assert inner is not None
            yield name, inner


def _name(context: click.Context) -> str:
    """Name of a command's page."""
    return context.command_path.replace(" ", "-")


def _page(context: click.Context, shared: list[tuple[str, str]]) -> str:
    command = context.command
    paragraphs = _paragraphs(command.help)
    name, short = _name(context), command.get_short_help_str(300).rstrip(".")
    if paragraphs and not paragraphs[0][0]:
        short = _first_sentence(paragraphs[0][1])
    lines = [
        f'.\\" {MARKER}',
        f'.TH "{_escape(name.upper())}" 1 "" "nlac {__version__}" "nlac manual"',
        ".SH NAME",
        f"{_escape(name)} \\- {_escape(short[:1].lower() + short[1:])}",
        ".SH SYNOPSIS",
        ".B " + _escape(context.command_path),
        _escape(" ".join(command.collect_usage_pieces(context))),
        ".SH DESCRIPTION",
    ]
    examples: list[str] = []
    for title, text in paragraphs:
        if title == "Examples":
            examples = [".SH EXAMPLES", *_block(text)]
        elif title:
            lines += [f".SS {_escape(title)}", *_block(text)]
        else:
            lines += _block(text) if "\n" in text else _paragraph(text, lines)
    lines += [*_commands_section(context), *_options_section(context), *examples]
    for title, text in shared:
        if title:
            lines += [f".SH {_SHARED[title]}", *_block(text)]
        else:
            lines += _paragraph(text, lines)
    related = [_name(context.parent)] if context.parent else []
    related += [f"{name}-{inner}" for inner, _ in _commands(context)]
    lines += [".SH SEE ALSO", _escape(", ".join(f"{each}(1)" for each in related))]
    return "\n".join(line for line in lines if line) + "\n"


def _paragraph(text: str, before: list[str]) -> list[str]:
    """A paragraph of its own; the first of a section needs no mark."""
    return [_escape(text)] if before[-1].startswith(".SH") else [".PP", _escape(text)]


def _first_sentence(text: str) -> str:
    return re.split(r"[.:] ", text)[0].rstrip(".")


def _paragraphs(text: str | None) -> list[tuple[str, str]]:
    """Title (or a blank) and text of each paragraph of a help; lines are joined unless kept."""
    found = []
    for paragraph in re.split(r"\n\s*\n", (text or "").strip("\n")):
        lines = [line.rstrip() for line in paragraph.split("\n")]
        keep = lines[0].strip() == "\b"
        lines = lines[keep:]
        title = _TITLE.match(lines[0].strip()) if keep and lines else None
        if title:
            lines = lines[1:]
        margin = min((len(x) - len(x.lstrip()) for x in lines if x.strip()), default=0)
        kept = "\n".join(line[margin:] for line in lines)
        if kept.strip():
            found.append((title[1] if title else "", kept if keep else " ".join(kept.split())))
    return found


def _commands_section(context: click.Context) -> list[str]:
    lines = []
    for name, inner in _commands(context):
        lines += [".TP", f".BR {_escape(f'{_name(context)}-{name}')} (1)"]
        lines += [_escape(inner.get_short_help_str(300))]
    return [".SH COMMANDS", *lines] if lines else []


def _options_section(context: click.Context) -> list[str]:
    lines = []
    for param in context.command.get_params(context):
        record = param.get_help_record(context)
        if record is not None and record[1]:
            lines += [".TP", ".B " + _escape(record[0]), _escape(" ".join(record[1].split()))]
    return [".SH OPTIONS", *lines] if lines else []


def _block(text: str) -> list[str]:
    """Lines that stay lines."""
    return [".nf", *map(_escape, text.split("\n")), ".fi"]


def _escape(text: str) -> str:
    """Text in which roff finds nothing to carry out, on any line."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"(?m)^([.'])", r"\\&\1", text)
