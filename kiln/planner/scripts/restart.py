"""Restarts: note the boot, perhaps restart by the template's own command, and tell whether it is another boot.

On Linux the mark is the boot's id on the disk, and the check that succeeds removes it, so that no image has it. On
Windows it is a volatile key of the registry, which a restart takes away: the last boot's time moves with the clock.
"""

from __future__ import annotations

import shlex

from kiln.planner.scripts import STILL_RESTARTING, powershell
from kiln.planner.scripts.powershell import literal
from kiln.planner.scripts.shell import HEAD

LINUX_MARK = "/var/lib/kiln-boot"
"""The boot's id, from the kernel (`random(4)`: /proc/sys/kernel/random/boot_id is new with each boot)."""

WINDOWS_MARK = "SOFTWARE\\KilnBoot"
"""A key below HKEY_LOCAL_MACHINE."""

TRIGGER_DELAY = 5
"""Seconds. Long enough for Run Command to tell that the script has ended: of one that a restart kills it never does."""


def linux_mark() -> str:
    """Return the script that notes the boot."""
    return f"{HEAD}cat /proc/sys/kernel/random/boot_id > {LINUX_MARK}\ncat {LINUX_MARK}\n"


def linux_check(command: str) -> str:
    """Return the script that ends with 0 after another boot, once `command` (if any) does."""
    own = (
        f"if ! sh -c {shlex.quote(command)}; then\n"
        "  echo 'restarted; the check command fails'\n"
        f"  exit {STILL_RESTARTING}\n"
        "fi\n"
        if command
        else ""
    )
    return (
        f"{HEAD}"
        f'if [ "$(cat {LINUX_MARK})" = "$(cat /proc/sys/kernel/random/boot_id)" ]; then\n'
        "  echo 'not restarted yet'\n"
        f"  exit {STILL_RESTARTING}\n"
        "fi\n"
        f"{own}"
        f"rm -f {LINUX_MARK}\n"
        "echo restarted\n"
    )


def windows_mark() -> str:
    """Return the script that notes the boot."""
    return (
        f"{powershell.HEAD}"
        "$check = [Microsoft.Win32.RegistryKeyPermissionCheck]::Default\n"
        "$volatile = [Microsoft.Win32.RegistryOptions]::Volatile\n"
        f"[Microsoft.Win32.Registry]::LocalMachine.CreateSubKey({literal(WINDOWS_MARK)}, $check, $volatile).Close()\n"
        f"{_LAST_BOOT}"
    )


def windows_trigger(command: str) -> str:
    """Return the script that has the template's own command line run (by cmd.exe, as in AIB) once it is over itself."""
    return (
        f"{powershell.HEAD}"
        f"$command = {literal(command)}\n"
        f"$wait = 'ping.exe -n {TRIGGER_DELAY + 1} 127.0.0.1 > nul'\n"
        "$line = '/d /s /c \"' + $wait + ' & ' + $command + '\"'\n"
        "$action = New-ScheduledTaskAction -Execute 'cmd.exe' -Argument $line\n"
        "Register-ScheduledTask -TaskName 'kiln-restart' -Action $action -User 'SYSTEM' -RunLevel Highest -Force |\n"
        "  Out-Null\n"
        "Start-ScheduledTask -TaskName 'kiln-restart'\n"
        'Write-Output "in a few seconds: $command"\n'
    )


def windows_check(command: str) -> str:
    """Return the script that ends with 0 after another boot, once `command` (if any; a line for cmd.exe) does."""
    own = (
        f"$command = {literal(command)}\n"
        "$line = '/d /s /c \"' + $command + '\"'\n"
        "$process = Start-Process -FilePath 'cmd.exe' -ArgumentList $line -NoNewWindow -Wait -PassThru\n"
        "if ($process.ExitCode -ne 0) {\n"
        '  Write-Output "restarted; the check command ends with $($process.ExitCode)"\n'
        f"  exit {STILL_RESTARTING}\n"
        "}\n"
        if command
        else ""
    )
    return (
        f"{powershell.HEAD}"
        f"if (Test-Path -LiteralPath {literal('HKLM:' + chr(92) + WINDOWS_MARK)}) {{\n"
        "  Write-Output 'not restarted yet'\n"
        f"  exit {STILL_RESTARTING}\n"
        "}\n"
        f"{own}"
        "Unregister-ScheduledTask -TaskName 'kiln-restart' -Confirm:$false -ErrorAction SilentlyContinue\n"
        f"{_LAST_BOOT}"
    )


_LAST_BOOT = 'Write-Output "running since $((Get-CimInstance Win32_OperatingSystem).LastBootUpTime)"\n'
