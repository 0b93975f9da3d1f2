"""Scripts of restarts: note the boot, run the template's own restart command if it has one, and check for another boot.

On Linux the mark is a file with the boot's id; the check that succeeds removes it, so that no image has it. On Windows
it is a volatile key of the registry, which a restart removes; the time of the last boot would move with the clock.
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
"""Seconds, long enough for Run Command to report the end of the script, which it never does for a killed one."""


def linux_mark() -> str:
    """Return the script that notes the boot."""
    return f"{HEAD}cat /proc/sys/kernel/random/boot_id > {LINUX_MARK}\ncat {LINUX_MARK}\n"


def linux_check(command: str) -> str:
    """Return the script that exits with 0 after another boot, once `command` (if there is one) does."""
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
    """Return the script that schedules the template's own command (run by cmd.exe, as in AIB) for after its own end."""
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
    """Return the script that exits with 0 after another boot, once `command` (for cmd.exe, if there is one) does."""
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
