"""A template's staging in a plan: its group, network, storage and artifacts.

It exists as long as the template. Submission makes it; a build makes sure that it is there.
"""

from __future__ import annotations

from kiln.planner.facts import Spec


class GroupSpec(Spec):
    """The template's staging resource group.

    `given` tells that the template names it in `stagingResourceGroup`.
    """

    subscription: str
    name: str
    location: str
    tags: dict[str, str]
    given: bool = False


class NetworkSpec(Spec):
    """The network of build machines: outbound only, nothing comes in.

    `subnet_id` is where machines go. With a template's own subnet `network` is None, and only the security group is
    made, for the machines' interfaces.
    """

    subscription: str
    group: str
    location: str
    tags: dict[str, str]
    security_group: str
    network: str | None
    subnet: str
    subnet_id: str
    address_prefix: str = "10.0.0.0/24"


class StorageSpec(Spec):
    """The staging storage account: artifacts, logs and VHDs. `log_blob` is customization.log within `packerlogs`."""

    subscription: str
    group: str
    location: str
    tags: dict[str, str]
    account: str
    log_blob: str


class ArtifactSpec(Spec):
    """A script or file that a template names by URL, and the blob (in `artifacts`) that it is copied to.

    `url` is for people: it lacks everything that may be a secret, so the code that fetches it reads the template
    itself. `source` is a digest of the artifact, the template and its version: it tells what the blob is a copy of.
    `property_path` is the property that named it, for error messages. `identity` is the ARM id of the template's
    identity, with which blobs of Azure Storage are read.
    """

    url: str
    sha256: str = ""
    source: str = ""
    blob: str
    property_path: str
    identity: str | None = None

    @property
    def is_script(self) -> bool:
        """Whether a machine runs it, as it is named by a `scriptUri`; other files are only put in place."""
        return self.property_path.endswith(".scriptUri")


class StagingSpec(Spec):
    """The whole staging of a template."""

    group: GroupSpec
    network: NetworkSpec
    storage: StorageSpec
    artifacts: tuple[ArtifactSpec, ...]
