"""Notes on sources."""

from __future__ import annotations

from kiln.template.notes.note import Note, Notes
from kiln.template.sources import ManagedImageSource, PlanInfo, PlatformImageSource, SharedImageSource

NOTES: Notes = {
    PlatformImageSource: {
        "type": Note("`PlatformImage`: a marketplace image"),
        "publisher": Note("The image's publisher", "required; optional in AIB's definition"),
        "offer": Note("The image's offer", "required; optional in AIB's definition"),
        "sku": Note("The image's SKU", "required; optional in AIB's definition"),
        "version": Note(
            "A version, or `latest` in any case, which is resolved when a build starts", "`latest` if left out"
        ),
        "planInfo": Note("The purchase plan of the build machine and of the images that are made"),
        "exactVersion": Note("Read-only: the version that `latest` was at the last build; ignored when sent"),
    },
    PlanInfo: {
        "planName": Note("The plan's name; required within `planInfo`"),
        "planProduct": Note("The plan's product; required within `planInfo`"),
        "planPublisher": Note("The plan's publisher; required within `planInfo`"),
    },
    ManagedImageSource: {
        "type": Note("`ManagedImage`: a generalized managed image"),
        "imageId": Note("The image's id, in the template's own subscription and region; otherwise the template fails"),
    },
    SharedImageSource: {
        "type": Note("`SharedImageVersion`: a version in a gallery"),
        "imageVersionId": Note(
            "The version's id; `.../versions/latest`, since 2022-07-01, is resolved when a build starts",
            "versions in Direct Shared Galleries are not supported: their ids have another form",
        ),
        "exactVersion": Note("Read-only: the id that `latest` was at the last build; ignored when sent"),
    },
}
