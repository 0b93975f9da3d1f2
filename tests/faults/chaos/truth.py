"""The comparison of runs' outputs with the images that there are, both ways."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx
from azure.core.exceptions import ResourceNotFoundError

from kiln import blobs
from kiln.config import config, credential
from tests.contract.azure.harness import version_for

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = "kilnRun"
IMAGES = ("galleries/images/versions", "images")
"""Types of images below Microsoft.Compute."""

Run = dict[str, Any]


@dataclass(frozen=True)
class Truth:
    """Compares runs with the local Azure at `url`; it asks as the app does, so the app's settings must hold."""

    url: str

    def problems(self, runs: dict[str, list[Run]]) -> list[str]:
        """Return outputs that are untrue, and images that are in none. `runs` has those of each template."""
        untrue = [problem for name, those in runs.items() for problem in self._untrue(name, those)]
        return [*untrue, *self._silent([run for those in runs.values() for run in those])]

    def _untrue(self, name: str, runs: list[Run]) -> Iterator[str]:
        """Compare the outputs of a template's runs with the images that there are.

        A run that Failed or was Canceled may name images: those that were whole by then stay. The newer of two runs is
        the one that ended later, for one is under way at a time. Their ids do not tell that: they have the time at
        which each was asked for, and a trigger's run that had to wait begins after runs that were asked for later.
        """
        ids = {run["name"] for run in runs}
        newest_first = sorted(runs, key=lambda run: datetime.fromisoformat(run["properties"]["endTime"]), reverse=True)
        for at, run in enumerate(newest_first):
            outputs = run["properties"].get("outputs", [])
            made = _made(run)
            if run["properties"]["runState"] == "Succeeded" and (not made or len(made) != len(outputs)):
                yield f"run {run['name']} of {name} Succeeded with {outputs}"
            for output in made:
                newer = {later["name"] for later in newest_first[:at]} | {run["name"]}
                mark = self._mark(output)
                # A retry goes on with what an earlier run made; a managed image is replaced by a later run.
                if mark not in ids or (mark not in newer and "retryOf" not in run["properties"]):
                    yield f"run {run['name']} of {name} says that it made {output}, which has the mark {mark}"

    def _silent(self, runs: list[Run]) -> Iterator[str]:
        """Yield the images that have a run's mark, and are not in its outputs."""
        told = {run["name"]: {output.get("artifactId", "").lower() for output in _made(run)} for run in runs}
        found = httpx.get(f"{self.url}/_local/resources", trust_env=False, timeout=60).json()["resources"]
        for image in found:
            if image["type"].lower().removeprefix("microsoft.compute/") not in IMAGES:
                continue
            mark = ((self._arm(image["id"]) or {}).get("tags") or {}).get(MARK)
            if mark in told and image["id"].lower() not in told[mark]:
                yield f"{image['id']} has the mark of run {mark}, which does not tell of it"

    def _mark(self, output: dict[str, Any]) -> str | None:
        """Return the id of the run in the mark of an output's image; None if there is no image."""
        if url := output.get("artifactUri"):
            try:
                metadata = blobs.at(url).get_blob_properties().metadata or {}
            except ResourceNotFoundError:
                return None
            return {key.lower(): value for key, value in metadata.items()}.get(MARK.lower())
        found = self._arm(output["artifactId"])
        if found is None or found["properties"].get("provisioningState") != "Succeeded":
            return None
        mark: str | None = found.get("tags", {}).get(MARK)
        return mark

    def _arm(self, resource_id: str) -> dict[str, Any] | None:
        token = credential().get_token(config().arm_scope).token
        answer = httpx.get(
            f"{self.url}{resource_id}",
            params={"api-version": version_for(resource_id)},
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=60,
        )
        found: dict[str, Any] | None = answer.json() if answer.is_success else None
        return found


def _made(run: Run) -> list[dict[str, Any]]:
    outputs = run["properties"].get("outputs", [])
    return [output for output in outputs if output.get("artifactId") or output.get("artifactUri")]
