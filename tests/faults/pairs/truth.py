"""The check that a run's record is true: its outputs exist, are its own and of its own machine; a failure says why.

It must not know how the run went, nor what the runs competed for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.runs.record import RunState
from tests.flows.local_azure.kiln import STAGED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from kiln.runs.record import RunOutput, RunRecord
    from tests.faults.pairs.place import Place
    from tests.flows.local_azure.kiln import Kiln

MARK = "kilnRun"


def lies(place: Place, kiln: Kiln, run: RunRecord, script: str, culprits: Collection[str]) -> list[str]:
    """Return what is not as the run's record says.

    `script` ran in its machine and in no other. `culprits` are the words of which a run that failed must say one.
    """
    found = list(_missing(place, run, script))
    if not run.state.is_final:
        found.append("it has not ended")
    if run.leftovers or run.kept:
        found.append(f"it left {run.leftovers} and kept {run.kept}")
    said = told(run)
    if run.state is not RunState.SUCCEEDED and not any(word.lower() in said.lower() for word in culprits):
        found.append(f"it does not say which of {sorted(culprits)} was in its way: {said}")
    if (staged := kiln.resources()) != STAGED:
        found.append(f"its staging group holds {staged}")
    return [f"run {run.run_id} of {kiln.id.name} ({run.state}): {problem}" for problem in found]


def told(run: RunRecord) -> str:
    """Return all texts that a person reads of a run's end."""
    errors = [run.error, *(output.error for output in run.outputs)]
    return "\n".join([run.message, *(error.sentence() for error in errors if error)])


def _missing(place: Place, run: RunRecord, script: str) -> Iterator[str]:
    wanted = len(run.body["properties"]["distribute"])
    made = [output for output in run.outputs if output.artifact_id or output.artifact_uri]
    if run.state is RunState.SUCCEEDED and len(made) != wanted:
        yield f"it made {len(made)} of {wanted} outputs"
    if run.state in {RunState.FAILED, RunState.CANCELED} and made:
        yield f"it says that it made {made}"
    for output in made:
        yield from _wrong(place, run, output, script)


def _wrong(place: Place, run: RunRecord, output: RunOutput, script: str) -> Iterator[str]:
    if output.artifact_uri:
        head = place.blob_head(output.artifact_uri)
        if head is None:
            yield f"{output.artifact_uri} is not there"
            return
        metadata, content = head
        if metadata.get(MARK.lower()) != run.run_id:
            yield f"{output.artifact_uri} is marked {metadata}"
        if script not in content:
            yield f"{output.artifact_uri} is of another machine"
        return
    assert output.artifact_id is not None
    there = place.find(output.artifact_id)
    if there is None:
        yield f"{output.artifact_id} is not there"
        return
    if there.doc.get("tags", {}).get(MARK) != run.run_id:
        yield f"{output.artifact_id} is marked {there.doc.get('tags')}"
    if (state := there.properties.get("provisioningState")) != "Succeeded":
        yield f"{output.artifact_id} is {state}"
    if script not in place.scripts(output.artifact_id):
        yield f"{output.artifact_id} is of another machine"
