"""Write templates of AIB's as files, `NAME.json`, and their triggers as `NAME.TRIGGER.trigger.json`.

A file that exists with another content is never replaced without being asked for. What has secrets in it can be read by
its owner alone.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiln.cli.faults import UsageFailure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kiln.cli.migration.found import Found

PRIVATE = 0o600
USUAL = 0o666


@dataclass(frozen=True)
class Outcome:
    """The outcome for one template, or for one file: what became of it, its name, and why it was not taken, if so."""

    word: str
    name: str
    more: str = ""
    taken: bool = True

    @property
    def text(self) -> str:
        """The outcome as a line."""
        return f"{self.word}  {self.name}{self.more}"


def write_files(found: Sequence[Found], folder: Path, *, force: bool) -> list[Outcome]:
    """Write each template that has a body, and its triggers, into a folder, which is made if there is none.

    Of several templates with one name, each goes into a folder with its group's name. Raises `UsageFailure` if there
    can be no such folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageFailure(f"{folder} cannot be made a folder: {error.strerror}.") from error
    named = Counter(template.name.lower() for template in found if template.body is not None)
    outcomes = []
    for template in found:
        if template.body is None:
            continue
        place = folder / template.group if named[template.name.lower()] > 1 else folder
        mode = PRIVATE if template.secrets else USUAL
        outcomes.append(_write(place / f"{template.name}.json", template.body, mode, force=force))
        for trigger in template.triggers:
            file = place / f"{template.name}.{trigger.name}.trigger.json"
            outcomes.append(_write(file, trigger.body, USUAL, force=force))
    return outcomes


def _write(file: Path, body: dict[str, Any], mode: int, *, force: bool) -> Outcome:
    content = (json.dumps(body, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")
    try:
        file.parent.mkdir(exist_ok=True)
        if file.is_file() and file.read_bytes() == content:
            return Outcome("unchanged", str(file))
        exists = file.exists()
        how = os.O_TRUNC if force else os.O_EXCL
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | how, mode), "wb") as opened:
            if mode == PRIVATE:
                os.fchmod(opened.fileno(), mode)
            opened.write(content)
    except FileExistsError:
        return Outcome("not written", str(file), ": it exists with another content; --force replaces it", taken=False)
    except OSError as error:
        return Outcome("not written", str(file), f": {error.strerror}", taken=False)
    return Outcome("replaced" if exists else "written", str(file))
