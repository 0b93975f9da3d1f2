"""Decides what a retry does: distribute an earlier run's image again, or build it again.

Whether an image of the earlier run still exists is not decided here, but asked of Azure by the caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.planner.facts import Spec
from kiln.runs.record import RunOutput
from kiln.template.distributors import ManagedImageDistributor

if TYPE_CHECKING:
    from kiln.planner.facts import SourceFacts
    from kiln.template.models import ImageTemplate


class Retry(Spec):
    """The earlier run's outputs, without those whose image is gone, and the exact version of its source.

    `invalid` says that the image failed its validation: then it is built again, whatever was distributed.
    """

    outputs: tuple[RunOutput, ...] = ()
    source_version: str = ""
    invalid: bool = False


class RetryFromImage(Spec):
    """A retry that builds nothing: images of the `due` targets are made from the gallery version `version` (an ARM id).

    `due` has run output names in lower case.
    """

    version: str
    regions: tuple[str, ...]
    due: frozenset[str]
    done: tuple[RunOutput, ...]


def retry_from_image(template: ImageTemplate, retry: Retry | None, source: SourceFacts) -> RetryFromImage | None:
    """Return how to go on from the earlier run's gallery version, or None if everything must be built again.

    A managed image with data disks must be built again, because only the OS disk can be copied from a gallery version.
    """
    if retry is None or retry.invalid:
        return None
    outputs = {output.name.lower(): output for output in retry.outputs}
    names = [target.run_output_name.lower() for target in template.properties.distribute]
    due = frozenset(name for name in names if name not in outputs or not _is_whole(outputs[name]))
    made = [outputs[name] for name in names if name in outputs and _is_made(outputs[name])]
    versions = [
        (output.artifact_id, output)
        for output in made
        if output.kind == "SharedImage" and output.artifact_id and output.regions
    ]
    if not due or not versions or _needs_data_disks(template, due, source):
        return None
    version, origin = min(versions, key=lambda item: item[1].error is not None)
    return RetryFromImage(version=version, regions=origin.regions, due=due, done=tuple(made))


def _needs_data_disks(template: ImageTemplate, due: frozenset[str], source: SourceFacts) -> bool:
    if not template.properties.additional_data_disks and not source.data_disk_luns:
        return False
    targets = template.properties.distribute
    return any(isinstance(item, ManagedImageDistributor) and item.run_output_name.lower() in due for item in targets)


def _is_made(output: RunOutput) -> bool:
    return output.artifact_id is not None or output.artifact_uri is not None


def _is_whole(output: RunOutput) -> bool:
    return _is_made(output) and output.error is None
