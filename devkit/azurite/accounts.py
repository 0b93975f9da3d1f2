"""The storage accounts of a running Azurite, in a file that its launcher reads: made and deleted at any time.

It owns that file; it must not know who asks for accounts or what is in them.
"""

from __future__ import annotations

import base64
import fcntl
import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from devkit.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_KEY_BYTES = 64  # as long as Azure's own account keys
# "Naming rules and restrictions for Azure resources": 3 to 24 lowercase letters and digits. It also keeps the
# separators of the file's format out of names.
_NAME = re.compile(r"[a-z0-9]{3,24}")


class AzuriteAccounts:
    """The accounts of one Azurite. Several processes may use one file; each change is locked and atomic."""

    def __init__(self, file: Path, *, origin: str, ca_file: Path) -> None:
        """Use the accounts in `file`, served at `origin` (scheme, host, port) with a certificate by `ca_file`."""
        self.file = file
        self.origin = origin.rstrip("/")
        self._ca_file = ca_file
        with self._change():
            pass  # the launcher needs a file, be it empty

    @property
    def ca_file(self) -> Path:
        """The certificate authority that a client of these accounts must trust (PEM)."""
        return self._ca_file

    def create(self, name: str) -> str:
        """Make account `name` and return its key in base64; an existing account keeps its key.

        Raises ValueError for a name that Azure would not allow.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"storage account name {name!r}: expected 3 to 24 lowercase letters and digits")
        with self._change() as keys:
            return keys.setdefault(name, base64.b64encode(os.urandom(_KEY_BYTES)).decode())

    def delete(self, name: str) -> None:
        """Forget account `name`, if it is there: requests to it are refused from now on. Its data stays."""
        with self._change() as keys:
            keys.pop(name, None)

    def endpoint(self, name: str) -> str:
        """Return the blob endpoint of account `name`, without a slash at its end."""
        return f"{self.origin}/{name}"

    def names(self) -> list[str]:
        """Return the names of all accounts."""
        return sorted(_parse(self.file.read_text()))

    @contextmanager
    def _change(self) -> Iterator[dict[str, str]]:
        """Yield the keys by account name, and write them back as the block has changed them."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        lock = self.file.with_name(f"{self.file.name}.lock")
        with lock.open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            before = self.file.read_text() if self.file.exists() else None
            keys = _parse(before or "")
            yield keys
            after = ";".join(f"{name}:{key}" for name, key in keys.items())
            if after != before:
                write_atomically(self.file, after.encode(), mode=0o600)


def _parse(text: str) -> dict[str, str]:
    """Read Azurite's own format, "name:key;name:key" (its README, "Customized Storage Accounts & Keys")."""
    return dict(entry.split(":", 1) for entry in text.strip().split(";") if entry)
