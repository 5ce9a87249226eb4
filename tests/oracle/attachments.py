"""The attachments of format_spec.md: files beside the package. See decoder.py."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

from oracle.container import require


def package_folder() -> Path:
    """Where the attachments lie: the package is found without running any of it."""
    package = find_spec("nlac")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent


def read_attachment(path: str, sha256: str) -> bytes:
    """The bytes of an attachment, which have the hash that the text gives."""
    data = (package_folder() / path).read_bytes()
    require(hashlib.sha256(data).hexdigest() == sha256, f"{path} is another file")
    return data
