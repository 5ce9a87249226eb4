"""Completion files for shells that load them when nlac is first completed.

They ask the installed nlac, so that they know its commands whatever its version.
"""

from __future__ import annotations

from nlac.cli.integration.marker import MARKER

# by the place below the folder "share" where the shell looks
COMPLETIONS = {
    "bash-completion/completions/nlac": f"""\
# {MARKER}
eval "$(_NLAC_COMPLETE=bash_source nlac)"
""",
    "zsh/site-functions/_nlac": f"""\
#compdef nlac
# {MARKER}
eval "$(_NLAC_COMPLETE=zsh_source nlac)"
_nlac_completion "$@"
""",
    "fish/vendor_completions.d/nlac.fish": f"""\
# {MARKER}
_NLAC_COMPLETE=fish_source nlac | source
""",
}
