"""The page docs/compatibility.md: its words, and the tables in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devkit.compatibility import behaviour, properties, routes
from kiln.template.base import Model
from kiln.template.models import ImageTemplate
from kiln.template.patch import PatchBody
from kiln.template.triggers import Trigger
from kiln.template.versions import API_VERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

INTRODUCTION = f"""\
<!-- Made by `python -m devkit.compatibility` from the models, their notes and the registered routes. Do not edit. -->
# Kiln and Azure VM Image Builder

What Image Builder (AIB) accepts, Kiln accepts unchanged; this page tells what becomes of each property, and each thing
that is not the same. Kiln speaks the api-versions {", ".join(API_VERSIONS)}.

`since` is the first of them that has a property; an older request that has it is refused, and told so. `Kiln` in its
place means that AIB does not have it.
"""

API = """\
`T` and `L` are a template's and a location's path, as in [api.md](api.md). `AIB` marks the operations of Microsoft's
API definition; what is `Kiln`'s is additive.
"""

BODIES: tuple[tuple[str, type[Model], str], ...] = (
    ("The template: PUT `T`", ImageTemplate, API_VERSIONS[0]),
    ("Changes to a template: PATCH `T`", PatchBody, API_VERSIONS[0]),
    ("Triggers: PUT `T/triggers/{trigger}`", Trigger, "2022-07-01"),
)

RUN_OUTPUTS = (
    ("`artifactId`", "2020-02-14", "The id of a gallery image version or of a managed image", "none"),
    ("`artifactUri`", "2020-02-14", "The URL of a VHD", "`getAccess` of Kiln's own makes it readable for an hour"),
    ("`provisioningState`", "2020-02-14", "The run output's state", "none"),
)


def document() -> str:
    """Return the page."""
    parts, shown = [INTRODUCTION], set[type[Model]]()
    for title, model, since in BODIES:
        parts.append(f"## {title}\n")
        for table in properties.tables(model, "", since, shown):
            heading = f"### `{table.title}`\n\n" if table.title else ""
            parts.append(f"{heading}{table.what}\n\n{markdown(properties.HEAD, table.lines)}")
    parts += [
        "## Run outputs: GET `T/runOutputs/{output}`\n",
        markdown(("property", "since", "what Kiln does", "difference from AIB"), RUN_OUTPUTS),
        "## The REST API\n",
        API,
        markdown(routes.HEAD, routes.routes()),
        "## Builds\n",
        markdown(behaviour.HEAD, behaviour.BEHAVIOUR),
        "## What Kiln does not have\n",
        markdown(behaviour.HEAD, behaviour.LACKING),
    ]
    return "\n".join(parts)


def markdown(head: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    """Return a table in Markdown. Raises `ValueError` for a cell with nothing in it."""
    return "\n".join(_rows(head, lines)) + "\n"


def _rows(head: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for line in lines:
        if not all(cell.strip() for cell in line):
            raise ValueError(f"an empty cell: {line}")
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |"
