"""Scripts that optimize the first boot: small and safe measures from inside a machine (ADR 0009).

They never fail the build: a part that a system does not have, or refuses, says so in the log.
"""

from __future__ import annotations

from kiln.planner.scripts import powershell, shell

_LINUX = """\
attempt() {
  echo "+ $*"
  "$@" || echo "  (exit code $?: left as it is)"
}
has() { command -v "$1" >/dev/null 2>&1; }
if has apt-get; then attempt apt-get clean; fi
if has dnf; then attempt dnf --quiet clean all; fi
if has tdnf; then attempt tdnf --quiet clean all; fi
if has zypper; then attempt zypper --quiet clean --all; fi
if has ldconfig; then attempt ldconfig; fi
if has journalctl; then attempt journalctl --rotate --vacuum-time=1s; fi
sync
if has fstrim; then attempt fstrim --all --verbose; fi
"""

_WINDOWS = """\
function Invoke-Attempt([string] $Program, [string] $Arguments) {
  Write-Output "+ $Program $Arguments"
  $process = Start-Process -FilePath $Program -ArgumentList $Arguments -NoNewWindow -Wait -PassThru
  if ($process.ExitCode -ne 0) { Write-Output "  (exit code $($process.ExitCode): left as it is)" }
}
Get-ChildItem -Path "$env:SystemRoot\\Microsoft.NET\\Framework*\\v4*\\ngen.exe" |
  ForEach-Object { Invoke-Attempt $_.FullName 'executeQueuedItems /nologo /silent' }
Invoke-Attempt 'dism.exe' '/Online /Cleanup-Image /StartComponentCleanup /Quiet'
Write-Output '+ Optimize-Volume -ReTrim'
Optimize-Volume -DriveLetter $env:SystemDrive[0] -ReTrim -ErrorAction Continue
exit 0
"""


def linux_boot() -> str:
    """Return the script for Linux: it removes caches and old logs, refreshes the linker's cache and trims the disk."""
    return f"{shell.HEAD}{_LINUX}"


def windows_boot() -> str:
    """Return the script for Windows: it compiles .NET's queued images, removes old components and trims the disk."""
    return f"{powershell.HEAD}{_WINDOWS}"
