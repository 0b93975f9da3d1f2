"""What a retry knows of the run that it goes on from, and what follows: distribute again, or build again.

It owns that decision; whether an image of the earlier run is still there is for whoever asks Azure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.planner.spec import Spec
from kiln.runs.record import RunOutput

if TYPE_CHECKING:
    from kiln.template.models import ImageTemplate


class Retry(Spec):
    """The earlier run's outputs, without those whose image is gone, and the exact version of its source.

    `invalid` tells that its image failed its validation: then it is built again, whatever was distributed.
    """

    outputs: tuple[RunOutput, ...] = ()
    source_version: str = ""
    invalid: bool = False


class Resumption(Spec):
    """A retry that builds nothing: `version` (an ARM id) is what the images of the `due` targets are made from.

    `due` are run output names in lower case.
    """

    version: str
    regions: tuple[str, ...]
    due: frozenset[str]
    done: tuple[RunOutput, ...]


def resume(template: ImageTemplate, retry: Retry | None) -> Resumption | None:
    """Return how to go on from the earlier run's gallery version, or None where all must be built again."""
    if retry is None or retry.invalid:
        return None
    outputs = {output.name.lower(): output for output in retry.outputs}
    names = [target.run_output_name.lower() for target in template.properties.distribute]
    due = frozenset(name for name in names if name not in outputs or not _is_whole(outputs[name]))
    made = [outputs[name] for name in names if name in outputs and _is_made(outputs[name])]
    versions = [output for output in made if output.kind == "SharedImage" and output.regions]
    if not due or not versions:
        return None
    origin = min(versions, key=lambda output: output.error is not None)
    assert origin.artifact_id is not None  # noqa: S101 - what `_is_made` means for this kind
    return Resumption(version=origin.artifact_id, regions=origin.regions, due=due, done=tuple(made))


def _is_made(output: RunOutput) -> bool:
    return output.artifact_id is not None or output.artifact_uri is not None


def _is_whole(output: RunOutput) -> bool:
    return _is_made(output) and output.error is None
