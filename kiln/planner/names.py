"""The names of everything that a build makes.

All derive from the template or from the run id, so that a repeated call makes the same thing again. Length and
character rules: Microsoft's "Naming rules and restrictions for Azure resources".
"""

from __future__ import annotations

import hashlib
import re

SECURITY_GROUP = "kiln-nsg"
NETWORK = "kiln-vnet"
SUBNET = "build"
COMMANDS_PER_MACHINE = 20
"""Number of names for managed Run Command, used in turn; Azure allows 25 a machine, and replaces a finished one."""


def storage_account(subscription: str, group: str) -> str:
    """Return the staging account's name: 24 lower-case letters and digits, unique to the staging group."""
    digest = hashlib.sha256(f"{subscription}/{group}".lower().encode()).hexdigest()
    return f"kiln{digest[:20]}"


def machine(run_id: str) -> str:
    """Return the build machine's name."""
    return f"kiln-{run_id}"


def validation_machine(run_id: str) -> str:
    """Return the validation machine's name."""
    return f"kiln-validate-{run_id}"


def validation_gallery(run_id: str) -> str:
    """Return the name of the gallery that a validation machine is made from: a gallery's name takes no dashes."""
    return f"kiln_{run_id}".replace("-", "_")


def command(turn: int) -> str:
    """Return the name of the runCommands resource of a machine's `turn`-th script."""
    return f"step-{turn % COMMANDS_PER_MACHINE:02d}"


def log_blob(run_id: str) -> str:
    """Return the path of customization.log in the container `packerlogs`, the same as AIB's."""
    return f"{run_id}/customization.log"


def validation_log_blob(run_id: str) -> str:
    """Return the path of validation.log in the container `packerlogs`, the same as AIB's."""
    return f"{run_id}/validation.log"


def output_blob(run_id: str, key: str, name: str) -> str:
    """Return the path of a script's own output in the container `packerlogs`."""
    return f"{run_id}/steps/{key}-{slug(name)}.log"


def artifact_blob(version: int, part: str, index: int | None = None) -> str:
    """Return the path of an artifact of a template's version in the container `artifacts`."""
    return f"v{version}/{part}" if index is None else f"v{version}/{part}-{index:02d}"


def vhd_blob(run_id: str, run_output_name: str) -> str:
    """Return the path of a VHD in the container `vhds`, or in a container that the template names."""
    return f"{run_id}/{run_output_name}.vhd"


def origin_disk(run_id: str) -> str:
    """Return the name of the disk that a retry makes from an earlier run's gallery version."""
    return f"kiln-{run_id}-origin"


def snapshot(run_id: str, index: int) -> str:
    """Return the name of the snapshot that the `index`-th target is made from."""
    return f"kiln-{run_id}-{index:02d}-snapshot"


def snapshot_copy(run_id: str, index: int) -> str:
    """Return the name of that snapshot's copy in the target's region."""
    return f"kiln-{run_id}-{index:02d}-copy"


def spare_image(run_id: str, index: int) -> str:
    """Return the name of the `index`-th target's spare image, made first if it is to replace an earlier image."""
    return f"kiln-{run_id}-{index:02d}-spare"


def spare_vhd(run_id: str, index: int) -> str:
    """Return the name of the `index`-th target's spare blob, made first if it is to replace an earlier VHD."""
    return f"{spare_image(run_id, index)}.vhd"


def slug(text: str) -> str:
    """Return `text` in letters, digits and dashes, 40 characters at the most."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[:40] or "step"


def unusable_ssh_key(run_id: str) -> str:
    """Return an Ed25519 public key that nobody has the private key of, the same for the same run.

    Azure refuses a Linux machine with neither a password nor a key. Nothing ever logs in to a build machine, so its key
    is 32 bytes of a hash: a public key whose private half is unknown to anyone.
    """
    import base64

    kind = b"ssh-ed25519"
    point = hashlib.sha256(f"kiln build machine {run_id}".encode()).digest()
    blob = len(kind).to_bytes(4, "big") + kind + len(point).to_bytes(4, "big") + point
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} kiln"
