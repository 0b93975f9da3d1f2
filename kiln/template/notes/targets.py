"""Notes on distributors."""

from __future__ import annotations

from kiln.template.distributors import (
    LatestVersioning,
    ManagedImageDistributor,
    SharedImageDistributor,
    SourceVersioning,
    TargetRegion,
    VhdDistributor,
)
from kiln.template.notes.note import Note, Notes

OUTPUT = Note("The name of the target's run output; each target has another one, compared without case")
TAGS = Note("Tags of the image", "46 at most, as Kiln adds up to 4; refused at once beyond Azure's limits")

NOTES: Notes = {
    SharedImageDistributor: {
        "type": Note("`SharedImage`: a version of an image definition in a gallery"),
        "runOutputName": OUTPUT,
        "artifactTags": TAGS,
        "galleryImageId": Note(
            "The image definition's id, or with `/versions/MAJOR.MINOR.PATCH` that of an explicit version",
            "generation, architecture, OS and security type are compared with the source before anything is built",
        ),
        "targetRegions": Note(
            "The regions of the version; the definition's own if empty",
            "the template's region is always one of them, as the version is made there; an event is published for each "
            "region when the version can be used there, and a late region never fails the image",
        ),
        "replicationRegions": Note(
            "The deprecated form of `targetRegions`, not allowed beside it; required before api-version 2022-07-01"
        ),
        "storageAccountType": Note(
            "With `replicationRegions`: the storage of every replica; not allowed beside `targetRegions`"
        ),
        "excludeFromLatest": Note("Keeps the version from being the definition's `latest`"),
        "versioning": Note("How a version is numbered; `Latest` if left out; not allowed beside an explicit version"),
        "replicationMode": Note("`Full`, or `Shallow` for a version that is ready sooner and has one replica"),
    },
    TargetRegion: {
        "name": Note("The region, as `westeurope` or `West Europe`"),
        "replicaCount": Note("The number of replicas", "100 at most, as a gallery takes no more"),
        "storageAccountType": Note("The storage of the replicas; `Premium_LRS` since 2022-07-01"),
    },
    LatestVersioning: {
        "scheme": Note(
            "`Latest`: the highest version with its patch raised by one, chosen once the image is captured",
            "`1.0.0` if there is no version yet; AIB's number for that is not documented",
        ),
        "major": Note("The major version to stay in; -1 for any"),
    },
    SourceVersioning: {
        "scheme": Note(
            "`Source`: the source image's own version number, with its leading zeros (`24.04.202510010`)",
            "AIB's computation is not documented; if the number is taken, the build fails before anything is made",
        ),
    },
    ManagedImageDistributor: {
        "type": Note("`ManagedImage`: a managed image"),
        "runOutputName": OUTPUT,
        "artifactTags": TAGS,
        "imageId": Note("The image's id; its resource group has to exist"),
        "location": Note("The image's region, which may differ from the template's"),
    },
    VhdDistributor: {
        "type": Note("`VHD`: a page blob"),
        "runOutputName": OUTPUT,
        "artifactTags": TAGS,
        "uri": Note("The URL of a blob or of a container; empty for the template's staging storage account"),
    },
}
