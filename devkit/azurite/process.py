"""Runs Azurite's blob service as a child process, with TLS and token authentication.

It owns Azurite's command line, environment, start and stop; it must not know what is stored in it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Self

from devkit.azurite.accounts import AzuriteAccounts
from devkit.azurite.certificates import ensure_certificates
from devkit.azurite.node import NodeMissing, find_node
from devkit.child import Child, ChildFailed
from devkit.ports import PortTaken, refuse_taken

if TYPE_CHECKING:
    from types import TracebackType

_HERE = Path(__file__).parent
_PACKAGE = _HERE.parents[1] / "node_modules" / "azurite"
_LISTENS = re.compile(r"successfully listens on https://127\.0\.0\.1:(\d+)")
_CAN_BE_STOPPED = re.compile("Azurite can be stopped")  # printed by the launcher
_START_SECONDS = 60
_STOP_SECONDS = 30


class AzuriteUnavailable(RuntimeError):
    """Azurite cannot be started; the message says why and what to do."""


class Azurite:
    """A running Azurite: `accounts`, `certificates`, `port`; stop it, or use it as a context manager."""

    def __init__(self, data: Path, *, port: int = 0, log: Path | None = None, in_memory: bool = False) -> None:
        """Start Azurite on 127.0.0.1:`port` (0: any free one) and return when it answers.

        Blobs live in `data`/blobs, accounts in `data`/accounts, certificates in `data`/tls, its log in `log`
        or `data`/azurite.log. With `in_memory` blobs are quicker, take half of the machine's memory at the most, those
        that were overwritten included, and are gone with the process. Raises AzuriteUnavailable.
        """
        if not _PACKAGE.is_dir():
            raise AzuriteUnavailable(f"Azurite is not in {_PACKAGE.parent}: run `make setup`")
        self.certificates = ensure_certificates(data / "tls")
        accounts_file = data / "accounts"
        accounts_file.touch(mode=0o600)
        try:
            refuse_taken(port, "Azurite")
            self._child = Child(
                "Azurite",
                [str(find_node()), *self._arguments(None if in_memory else data / "blobs", port)],
                log=log or data / "azurite.log",
                environment=self._environment(accounts_file),
            )
            self.port = int(self._child.wait_for(_LISTENS, timeout=_START_SECONDS)[1])
            self._child.wait_for(_CAN_BE_STOPPED, timeout=_START_SECONDS)
        except (PortTaken, NodeMissing, ChildFailed) as error:
            raise AzuriteUnavailable(str(error)) from error
        self.accounts = AzuriteAccounts(
            accounts_file, origin=f"https://127.0.0.1:{self.port}", ca_file=self.certificates.ca
        )

    @property
    def child(self) -> Child:
        """Azurite's process, for its supervisor."""
        return self._child

    def stop(self) -> None:
        """Stop Azurite with SIGTERM and wait: killed at once, it would lose what it wrote just before."""
        self._child.stop(timeout=_STOP_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _arguments(self, blobs: Path | None, port: int) -> list[str]:
        where = ["--inMemoryPersistence"]
        if blobs is not None:
            blobs.mkdir(parents=True, exist_ok=True)
            where = ["--location", str(blobs)]
        return [
            str(_HERE / "launcher.js"),
            *(*where, "--blobHost", "127.0.0.1", "--blobPort", str(port)),
            # The Azure SDKs send bearer tokens over HTTPS alone, and Azurite takes tokens over HTTPS alone.
            *(
                "--oauth",
                "basic",
                "--cert",
                str(self.certificates.certificate),
                "--key",
                str(self.certificates.key),
            ),
            "--skipApiVersionCheck",  # the SDKs speak newer service versions than Azurite lists
            "--disableProductStyleUrl",  # the account is the path's first segment, whatever the host
            "--disableTelemetry",
            "--silent",  # no access log
        ]

    def _environment(self, accounts_file: Path) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": os.environ.get("HOME", "/"),
            "KILN_AZURITE_ACCOUNTS_FILE": str(accounts_file),
            "KILN_AZURITE_PACKAGE": str(_PACKAGE),
            # A server-side copy makes Azurite a client of itself, over HTTPS: without trust in its own
            # certificate it answers 500, and a proxy must not come between.
            "NODE_EXTRA_CA_CERTS": str(self.certificates.ca),
            "NO_PROXY": "127.0.0.1,localhost",
        }
