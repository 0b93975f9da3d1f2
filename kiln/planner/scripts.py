"""Customizers into the scripts that run in a Linux machine. Pure text; what runs them is managed Run Command.

Both streams are one (`exec 2>&1`), so that a log keeps the order in which a person would have seen them. Run Command
starts scripts with bash and without `-e`, AIB with `/bin/sh -e` (Packer's shell provisioner): the first line decides.
"""

from __future__ import annotations

import shlex

ARTIFACT_VARIABLE = "KILN_ARTIFACT_URL"
"""The protected parameter with the signed URL of the step's artifact; it is unset before a user's script runs."""

HEAD = "#!/bin/sh -e\nexec 2>&1\n"

FETCH = f"""\
kiln_fetch() {{
  if command -v curl >/dev/null 2>&1; then
    printf 'url = "%s"\\n' "${ARTIFACT_VARIABLE}" |
      curl --fail --silent --show-error --location --retry 5 --output "$1" --config -
  elif command -v wget >/dev/null 2>&1; then
    printf '%s\\n' "${ARTIFACT_VARIABLE}" | wget --quiet --tries=5 --output-document="$1" --input-file=-
  else
    python3 -c '
import os, shutil, sys, urllib.request
with urllib.request.urlopen(os.environ["{ARTIFACT_VARIABLE}"]) as source, open(sys.argv[1], "wb") as target:
    shutil.copyfileobj(source, target)
' "$1"
  fi
}}
"""

DEPROVISION = "waagent -force -deprovision+user && export HISTSIZE=0 && sync"
"""AIB's default for Linux (Microsoft's image-builder-json, "Generalize")."""

OVERRIDE = "/tmp/DeprovisioningScript.sh"  # noqa: S108 - AIB's own place for it
"""A template may put its own deprovisioning script here."""

POWER_OFF_DELAY = "3s"
"""Long enough for Run Command to end before its agent is taken away."""


def inline_script(lines: tuple[str, ...]) -> str:
    """Return the script of a Shell customizer's `inline`."""
    return HEAD + "\n".join(lines) + "\n"


def fetched_script() -> str:
    """Return the script of a Shell customizer's `scriptUri`: fetch it, then run it as itself."""
    return (
        f"{HEAD}{FETCH}"
        "script=$(mktemp /tmp/script_XXXXXX.sh)\n"
        "trap 'rm -f \"$script\"' EXIT\n"
        'kiln_fetch "$script"\n'
        f"unset {ARTIFACT_VARIABLE}\n"
        'chmod 0755 "$script"\n'
        '"$script"\n'
    )


def file_script(destination: str) -> str:
    """Return the script of a File customizer: fetch next to the destination, then move into place."""
    target = shlex.quote(destination)
    return (
        f"{HEAD}{FETCH}"
        f"target={target}\n"
        'mkdir -p "$(dirname "$target")"\n'
        'kiln_fetch "$target.part"\n'
        'mv -f "$target.part" "$target"\n'
        'echo "wrote $(wc -c < "$target") bytes to $target"\n'
    )


def generalize_script() -> str:
    """Return the script that schedules deprovisioning and power-off outside of Run Command's own process tree.

    `waagent -deprovision` stops the very agent that runs Run Command, so it must not be its child
    (Azure/WALinuxAgent issue 3547). The machine powers off only if deprovisioning succeeded.
    """
    job = (
        f"#!/bin/sh\n"
        f"if [ -f {OVERRIDE} ]; then sh -e {OVERRIDE}; else {DEPROVISION}; fi && "
        "rm -f /run/kiln-generalize.sh && systemctl poweroff\n"
    )
    return (
        f"{HEAD}"
        f"cat > /run/kiln-generalize.sh <<'KILN'\n{job}KILN\n"
        f"systemd-run --unit=kiln-generalize --on-active={POWER_OFF_DELAY} --timer-property=AccuracySec=100ms "
        "/bin/sh /run/kiln-generalize.sh\n"
    )
