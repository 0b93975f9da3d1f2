"""The command line: `python -m devkit.host --app DIR --port 7071 --db FILE [--tls FOLDER] [--keys FILE]`.

It owns arguments, the log, signals, the exit, and the lock on the database: two hosts on one would each run what the
other does. It must not know how an app is served.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from devkit import one_holder
from devkit.azurite.certificates import ensure_certificates
from devkit.host.app import AppError
from devkit.host.routes import RouteError
from devkit.host.server import Host

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

log = logging.getLogger("devkit.host")


class DatabaseTaken(RuntimeError):
    """Another host runs on the database; the message names both."""


def main() -> int:
    """Serve until SIGTERM or SIGINT; 0 after a clean stop, 1 if the app cannot be served."""
    options = _options()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    directory = options.app.resolve()
    database = options.db.resolve()
    database.parent.mkdir(parents=True, exist_ok=True)
    tls = ensure_certificates(options.tls.resolve()).server_context() if options.tls else None
    keys = options.keys.resolve() if options.keys else None
    # The Python worker's working directory is the app's.
    os.chdir(directory)
    try:
        with _held(database):
            host = Host(directory, database, host=options.host, port=options.port, tls=tls)
            if keys is not None:
                host.keys.save(keys)
            ended = asyncio.run(_serve(host))
    except (AppError, RouteError, DatabaseTaken, OSError) as error:
        log.error("%s", error)  # noqa: TRY400  # the message says it all; a traceback would hide it
        return 1
    if not ended:
        log.warning("some functions were still running; their work is taken up again at the next start")
        # Threads of user functions cannot be stopped, and the interpreter would wait for them for ever.
        logging.shutdown()
        os._exit(0)
    return 0


def _held(database: Path) -> AbstractContextManager[None]:
    """Hold the database, for which its folder must be there. Entering raises DatabaseTaken."""

    def taken(process: str) -> DatabaseTaken:
        return DatabaseTaken(
            f"another host (process {process}) runs on {database}: stop it, or choose another with --db"
        )

    return one_holder.hold(database.with_name(f"{database.name}.lock"), taken)


async def _serve(host: Host) -> bool:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await host.start()
    sys.stdout.write(f"ready {host.address}\n")
    sys.stdout.flush()
    await stopping.wait()
    return await host.stop()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m devkit.host", description="Serve a function app locally.")
    parser.add_argument("--app", type=Path, required=True, help="folder with function_app.py and host.json")
    parser.add_argument("--db", type=Path, required=True, help="SQLite file for the orchestrations' state")
    parser.add_argument("--port", type=int, default=7071, help="0 for any free port (default: 7071)")
    parser.add_argument("--host", default="127.0.0.1", help="address to bind (default: 127.0.0.1)")
    parser.add_argument("--tls", type=Path, help="folder of certificates, made if there are none: serves https as well")
    parser.add_argument("--keys", type=Path, help="file to write the host's own key to, for this user alone")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
