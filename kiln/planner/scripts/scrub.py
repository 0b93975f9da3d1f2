"""Scrub: scripts that remove what Kiln and Run Command leave in a machine, before it becomes an image.

This module has the list of places. `waagent -deprovision` removes most of them on Linux, and sysprep none on Windows; a
template's own deprovisioning script may remove nothing. So scrubbing does not rely on them, and twice does no harm.
"""

from __future__ import annotations

from kiln.planner.scripts.restart import LINUX_MARK
from kiln.planner.scripts.shell import SCRIPT_FOLDERS, SCRIPT_NAME

ADMINISTRATOR = "kiln"
"""The build machine's own user, which provisioning makes."""

_LINUX_PLACES = (
    "/var/lib/waagent/run-command-handler",  # each script, its output and its state (Azure/run-command-handler-linux)
    "/var/lib/waagent/Microsoft.CPlat.Core.RunCommandHandlerLinux-*",  # settings, with the signed URLs, and states
    "/var/log/azure/run-command-handler",
    "/var/log/azure/Microsoft.CPlat.Core.RunCommandHandlerLinux",
    *(f"{folder}/{SCRIPT_NAME}.*" for folder in SCRIPT_FOLDERS),
    LINUX_MARK,
    "/root/.bash_history",
)


def linux_scrub() -> str:
    """Return a shell function `kiln_scrub`, whose exit code is 0 once nothing is left.

    It removes the user's sudo rights, too: cloud-init writes them, and `waagent -deprovision+user` removes only its
    own.
    """
    places = " \\\n    ".join(_LINUX_PLACES)
    return (
        "kiln_scrub() {\n"
        f"  rm -rf {places} &&\n"
        "    for rights in /etc/sudoers.d/waagent /etc/sudoers.d/90-cloud-init-users; do\n"
        f"      [ ! -f $rights ] || sed -i -E '/^(# User rules for )?{ADMINISTRATOR}( |$)/d' $rights || return\n"
        "    done &&\n"
        f"    {{ ! id -u {ADMINISTRATOR} || userdel --force --remove {ADMINISTRATOR} || ! id -u {ADMINISTRATOR}; }} "
        ">/dev/null 2>&1\n"
        "}\n"
    )


_WINDOWS_HANDLER = "Microsoft.CPlat.Core.RunCommandHandlerWindows"

WINDOWS_SCRUB = f"""\
$handler = Join-Path $env:SystemDrive 'Packages\\Plugins\\{_WINDOWS_HANDLER}\\*'
foreach ($folder in 'Downloads', 'RuntimeSettings', 'Status') {{
  for ($try = 1; $left = @(Get-Item -Path "$handler\\$folder\\*" -Force -ErrorAction SilentlyContinue); $try++) {{
    try {{
      $left | Remove-Item -Recurse -Force
    }} catch {{
      if ($try -ge 24) {{ throw }}  # the handler may be about to write how this very script ended
      Start-Sleep -Seconds 5
    }}
  }}
}}
$logs = Join-Path $env:SystemDrive 'WindowsAzure\\Logs\\Plugins\\{_WINDOWS_HANDLER}'
Remove-Item -Path "$logs\\*" -Recurse -Force -ErrorAction SilentlyContinue
"""
"""Part of the job that generalizes Windows: removes scripts, their parameters (with signed URLs), states and logs."""
