"""Notes on where an image goes."""

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

OUTPUT = Note("The name of the target's run output; different, in any case, for each target")
TAGS = Note("Tags of what is made", "46 at the most, as Kiln adds up to 4; refused when sent beyond Azure's limits")

NOTES: Notes = {
    SharedImageDistributor: {
        "type": Note("`SharedImage`: a version of an image definition in a gallery"),
        "runOutputName": OUTPUT,
        "artifactTags": TAGS,
        "galleryImageId": Note(
            "The definition's id, or with `/versions/MAJOR.MINOR.PATCH` an explicit version",
            "generation, architecture, OS and security type are compared with the source before anything is built",
        ),
        "targetRegions": Note(
            "The regions of the version; the definition's own if empty",
            "the template's region is always one of them, as the version is made there; each is announced when it can "
            "be used, and a late one never fails the image",
        ),
        "replicationRegions": Note(
            "The deprecated form of `targetRegions`, and not beside it; required before api-version 2022-07-01"
        ),
        "storageAccountType": Note(
            "With `replicationRegions`: the storage of every replica; not beside `targetRegions`"
        ),
        "excludeFromLatest": Note("Keeps the version from being the definition's `latest`"),
        "versioning": Note("How a version is numbered; `Latest` if left out; not beside an explicit version"),
        "replicationMode": Note("`Full`, or `Shallow` for a version that is ready sooner and has one replica"),
    },
    TargetRegion: {
        "name": Note("The region, as `westeurope` or `West Europe`"),
        "replicaCount": Note("The number of replicas", "100 at most, as a gallery takes no more"),
        "storageAccountType": Note("The storage of the replicas; `Premium_LRS` since 2022-07-01"),
    },
    LatestVersioning: {
        "scheme": Note(
            "`Latest`: the highest version with its patch raised by one, chosen when there is an image",
            "`1.0.0` where there is none; AIB's number for that is not documented",
        ),
        "major": Note("The major version to stay within; -1 for any"),
    },
    SourceVersioning: {
        "scheme": Note(
            "`Source`: the source image's own version number",
            "AIB's computation is not documented; a number that is taken fails the build before anything is made",
        ),
    },
    ManagedImageDistributor: {
        "type": Note("`ManagedImage`: a managed image"),
        "runOutputName": OUTPUT,
        "artifactTags": TAGS,
        "imageId": Note("The image's id; its resource group has to exist"),
        "location": Note("The image's region, which may be another one than the template's"),
    },
    VhdDistributor: {
        "type": Note("`VHD`: a page blob"),
        "runOutputName": OUTPUT,
        "artifactTags": TAGS,
        "uri": Note("The URL of a blob or of a container; empty for the template's staging storage account"),
    },
}
