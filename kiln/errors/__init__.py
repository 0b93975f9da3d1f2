"""Kiln's own errors, and `ErrorDetail`, the form in which they are stored and sent.

KilnError
├── RequestInvalid         the request cannot be read: api-version, names, JSON (400)
├── RequestTooLarge        the request's body is too long (413)
├── NotAuthenticated       the request has no valid token (401)
├── NotAuthorized          the caller has no role that allows the request (403)
├── Unavailable            something that Kiln depends on does not answer now (503)
│   ├── SignInUnavailable  the authority that publishes the keys of tokens
│   ├── StorageUnavailable  a storage account
│   └── TaskHubUnavailable  Durable Functions
├── DocumentUnreadable     one of Kiln's own documents cannot be read (500)
├── TemplateInvalid        the request's body breaks rules of the template language (400, all problems at once)
├── ResourceNotFound       nothing has that name (404)
├── OutOfReach             the template names resources beyond its reach (403, all of them at once)
├── Conflict               the resource's state forbids the request (409)
│   └── BeingDeleted       the template is being deleted
├── PreconditionFailed     the document has changed since it was read (412)
└── BuildError             stops a build; is in histories as an `ErrorDetail`
    ├── TemplateRefused    a submitted template does not fit what is in Azure (all problems at once)
    ├── SourceNotFound     the source image or version does not exist, or cannot be built from
    ├── TargetNotFound     a gallery image definition does not exist, or does not fit
    ├── VersionTaken       the gallery version exists, and another run made it
    ├── ImageTaken         the managed image exists, and the template did not make it
    ├── VhdTaken           the VHD's blob exists, and the template did not make it
    ├── MadeByAnother      the resource that has an id is not the one that the run made
    ├── OnlyCopy           the spare to be deleted is the only copy of its image
    ├── ArtifactUnavailable  a script or file cannot be fetched, or does not match its checksum
    ├── AzureFailed        Azure refused a call or ended an operation as Failed
    │   └── AzureNotFound  the resource that the call needs does not exist
    ├── CustomizerFailed   a script ended with an exit code that does not count as success
    │   └── ValidatorFailed  the same, for a validator
    ├── GeneralizeFailed   the machine did not deprovision and power off
    ├── DeadlineExceeded   the plan's time for something is over
    ├── RunCanceled        the run was canceled
    ├── Superseded         a newer version of the template was submitted, or the template is being deleted
    ├── RunLost            a run's orchestration ended, and the run's record does not say so
    └── InternalFailure    a fault in Kiln or its host that outlived every retry
        └── StateUnreadable  one of Kiln's own documents cannot be read, and no retry changes that

This package knows nothing of HTTP, Durable Functions or Azure's clients: those translate errors at their own edge.
"""

from kiln.errors.base import ErrorDetail, KilnError
from kiln.errors.builds import (
    PROVISIONING_CODES,
    ArtifactUnavailable,
    AzureFailed,
    AzureNotFound,
    BuildError,
    CustomizerFailed,
    DeadlineExceeded,
    GeneralizeFailed,
    ImageTaken,
    InternalFailure,
    MadeByAnother,
    OnlyCopy,
    RunCanceled,
    RunLost,
    SourceNotFound,
    StateUnreadable,
    Superseded,
    TargetNotFound,
    TemplateRefused,
    ValidatorFailed,
    VersionTaken,
    VhdTaken,
    provisioning_code,
)
from kiln.errors.requests import (
    BeingDeleted,
    Conflict,
    DocumentUnreadable,
    NotAuthenticated,
    NotAuthorized,
    OutOfReach,
    PreconditionFailed,
    Problem,
    RequestInvalid,
    RequestTooLarge,
    ResourceNotFound,
    SignInUnavailable,
    StorageUnavailable,
    TaskHubUnavailable,
    TemplateInvalid,
    Unavailable,
)

__all__ = [
    "PROVISIONING_CODES",
    "ArtifactUnavailable",
    "AzureFailed",
    "AzureNotFound",
    "BeingDeleted",
    "BuildError",
    "Conflict",
    "CustomizerFailed",
    "DeadlineExceeded",
    "DocumentUnreadable",
    "ErrorDetail",
    "GeneralizeFailed",
    "ImageTaken",
    "InternalFailure",
    "KilnError",
    "MadeByAnother",
    "NotAuthenticated",
    "NotAuthorized",
    "OnlyCopy",
    "OutOfReach",
    "PreconditionFailed",
    "Problem",
    "RequestInvalid",
    "RequestTooLarge",
    "ResourceNotFound",
    "RunCanceled",
    "RunLost",
    "SignInUnavailable",
    "SourceNotFound",
    "StateUnreadable",
    "StorageUnavailable",
    "Superseded",
    "TargetNotFound",
    "TaskHubUnavailable",
    "TemplateInvalid",
    "TemplateRefused",
    "Unavailable",
    "ValidatorFailed",
    "VersionTaken",
    "VhdTaken",
    "provisioning_code",
]
