"""Generalize: the last script of a build machine. It only schedules the work, which stops the agent that runs scripts.

`waagent -deprovision` stops the very agent that runs Run Command, so it must not be the agent's child
(Azure/WALinuxAgent issue 3547), and sysprep turns the Windows agent off. The machine powers off only if all went well.
"""

from __future__ import annotations

from kiln.planner.scripts import powershell
from kiln.planner.scripts.powershell import BUILDER, literal
from kiln.planner.scripts.scrub import WINDOWS_SCRUB, linux_scrub
from kiln.planner.scripts.shell import HEAD

LINUX_OVERRIDE = "/tmp/DeprovisioningScript.sh"  # noqa: S108 - AIB's own place for it
"""A template may put its own deprovisioning script here (Microsoft's image-builder-json, "Generalize")."""

LINUX_DEFAULT = "waagent -force -deprovision+user && export HISTSIZE=0 && sync"
"""AIB's default for Linux (the same page)."""

POWER_OFF_DELAY = "3s"
"""Long enough for Run Command to end before its agent is taken away."""


def linux_generalize() -> str:
    """Return the script for Linux: a transient systemd unit deprovisions, scrubs and powers off.

    A template's own script may power off by itself, so as much as possible is scrubbed before it, too.
    """
    job = (
        "#!/bin/sh\n"
        f"{linux_scrub()}"
        f"if [ -f {LINUX_OVERRIDE} ]; then kiln_scrub; sh -e {LINUX_OVERRIDE}; else {LINUX_DEFAULT}; fi && "
        "kiln_scrub && rm -f /run/kiln-generalize.sh && systemctl poweroff\n"
    )
    return (
        f"{HEAD}"
        f"cat > /run/kiln-generalize.sh <<'KILN'\n{job}KILN\n"
        f"systemd-run --unit=kiln-generalize --on-active={POWER_OFF_DELAY} --timer-property=AccuracySec=100ms "
        "/bin/sh /run/kiln-generalize.sh\n"
    )


WINDOWS_OVERRIDE = "C:\\DeprovisioningScript.ps1"
"""A template may put its own deprovisioning script here (the same page)."""

_WINDOWS_JOB = f"""\
$ErrorActionPreference = 'Stop'
Start-Transcript -Path (Join-Path $env:SystemRoot 'Temp\\kiln-generalize.log') | Out-Null
Start-Sleep -Seconds 10
$builder = Get-LocalUser -Name '{BUILDER}' -ErrorAction SilentlyContinue
if ($builder) {{
  $ofBuilder = "SID='$($builder.SID)'"
  for ($try = 1; $left = Get-CimInstance -ClassName Win32_UserProfile -Filter $ofBuilder; $try++) {{
    try {{
      Remove-CimInstance -InputObject $left
    }} catch {{
      if ($try -ge 24) {{ throw }}  # a profile stays loaded for a while after its last process
      Start-Sleep -Seconds 5
    }}
  }}
  Remove-LocalUser -InputObject $builder
}}
{WINDOWS_SCRUB}if (Test-Path -LiteralPath '{WINDOWS_OVERRIDE}') {{
  & '{WINDOWS_OVERRIDE}'
}} else {{
  foreach ($name in 'RdAgent', 'WindowsAzureTelemetryService', 'WindowsAzureGuestAgent') {{
    while ((Get-Service -Name $name -ErrorAction SilentlyContinue).Status -notin $null, 'Running') {{
      Start-Sleep -Seconds 5
    }}
  }}
  foreach ($folder in 'Panther', 'System32\\Sysprep') {{
    $answers = Join-Path $env:SystemRoot "$folder\\unattend.xml"
    if (Test-Path -LiteralPath $answers) {{ Remove-Item -LiteralPath $answers -Force }}
  }}
  & "$env:SystemRoot\\System32\\Sysprep\\Sysprep.exe" /oobe /generalize /quiet /quit
  $state = 'HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Setup\\State'
  while ((Get-ItemProperty -LiteralPath $state).ImageState -ne 'IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE') {{
    Start-Sleep -Seconds 5
  }}
}}
Stop-Transcript | Out-Null
Unregister-ScheduledTask -TaskName 'kiln-generalize' -Confirm:$false
Remove-Item -Path (Join-Path $env:SystemRoot 'Temp\\kiln-*') -Recurse -Force -ErrorAction SilentlyContinue
Stop-Computer -Force
"""


def windows_generalize() -> str:
    """Return the script for Windows: a task of Local System does what AIB does by default, and powers off."""
    lines = ",\n".join(f"  {literal(line)}" for line in _WINDOWS_JOB.rstrip("\n").split("\n"))
    return (
        f"{powershell.HEAD}"
        "$job = Join-Path $env:SystemRoot 'Temp\\kiln-generalize.ps1'\n"
        f"[string[]] $lines = @(\n{lines}\n)\n"
        "[IO.File]::WriteAllLines($job, $lines)\n"
        '$arguments = "-NoProfile -NonInteractive -ExecutionPolicy Bypass -File $job"\n'
        "$action = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument $arguments\n"
        "$settings = New-ScheduledTaskSettingsSet -Priority 4 -ExecutionTimeLimit ([TimeSpan]::Zero)\n"
        "Register-ScheduledTask -TaskName 'kiln-generalize' -Action $action -Settings $settings -User 'SYSTEM' `\n"
        "  -RunLevel Highest -Force | Out-Null\n"
        "Start-ScheduledTask -TaskName 'kiln-generalize'\n"
        "Write-Output 'sysprep and power-off are on their way'\n"
    )
