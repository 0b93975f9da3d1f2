"""The parts of every script for Windows, and the PowerShell customizer.

A template's script runs as AIB's (Packer's PowerShell provisioner) does: in Windows PowerShell without an execution
policy. Its exit code is the one it exits with, or else that of its last program; an error that it throws is 1, an error
that it only writes does not count.
"""

from __future__ import annotations

import base64
from typing import Literal

from kiln.planner.scripts import ARTIFACT_VARIABLE

User = Literal["SYSTEM", "kiln-build"]
SYSTEM: User = "SYSTEM"
BUILDER: User = "kiln-build"
"""A local administrator that runs scripts, elevated or not, as with AIB; Kiln makes no difference between the two.

It exists until the machine is generalized, so that the next script finds what one leaves in its profile.
"""

HEAD = "$ErrorActionPreference = 'Stop'\n$ProgressPreference = 'SilentlyContinue'\n"

PARAMETERS = f"param([string] ${ARTIFACT_VARIABLE})\n"
"""Run Command hands parameters to a Windows script as `-name value`."""

FETCH = f"""\
if (${ARTIFACT_VARIABLE} -notlike '*://*') {{
  ${ARTIFACT_VARIABLE} = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String(${ARTIFACT_VARIABLE}))
}}
function Save-Artifact([string] $Path) {{
  $tls = [Net.SecurityProtocolType]::Tls12
  [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor $tls
  for ($try = 1; ; $try++) {{
    try {{
      (New-Object Net.WebClient).DownloadFile(${ARTIFACT_VARIABLE}, $Path)
      return
    }} catch {{
      if ($try -ge 5) {{ throw }}
      Start-Sleep -Seconds (5 * $try)
    }}
  }}
}}
"""

_FOLDER = """\
$folder = Join-Path $env:SystemRoot ('Temp\\kiln-' + [Guid]::NewGuid())
$script = Join-Path $folder 'script.ps1'
$log = Join-Path $folder 'output.log'
New-Item -ItemType Directory -Path $folder | Out-Null
"""

_AS_SYSTEM = "$account = @{ User = 'SYSTEM' }\n"

_AS_BUILDER = f"""\
$bytes = New-Object byte[] 24
[Security.Cryptography.RandomNumberGenerator]::Create().GetBytes($bytes)
$password = 'aA1!' + [Convert]::ToBase64String($bytes)
$secure = ConvertTo-SecureString -String $password -AsPlainText -Force
if (Get-LocalUser -Name '{BUILDER}' -ErrorAction SilentlyContinue) {{
  Set-LocalUser -Name '{BUILDER}' -Password $secure
}} else {{
  $user = New-LocalUser -Name '{BUILDER}' -Password $secure -AccountNeverExpires
  Add-LocalGroupMember -SID 'S-1-5-32-544' -Member $user
}}
$account = @{{ User = "$env:COMPUTERNAME\\{BUILDER}"; Password = $password }}
"""

_RUN = """\
$run = 'powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -Command'
$what = '"$ProgressPreference = ''SilentlyContinue''; & ''' + $script + '''; exit $LastExitCode"'
$action = New-ScheduledTaskAction -Execute 'cmd.exe' -Argument "/d /s /c `"$run $what > $log 2>&1`""
$settings = New-ScheduledTaskSettingsSet -Priority 4 -ExecutionTimeLimit ([TimeSpan]::Zero)
Register-ScheduledTask -TaskName 'kiln-step' -Action $action -Settings $settings -RunLevel Highest -Force @account |
  Out-Null
$code = 1
try {
  [IO.File]::WriteAllText($log, '')
  $reader = New-Object IO.StreamReader(
    [IO.File]::Open($log, 'Open', 'Read', 'ReadWrite'),
    [Text.Encoding]::GetEncoding([Globalization.CultureInfo]::CurrentCulture.TextInfo.OEMCodePage)
  )
  Start-ScheduledTask -TaskName 'kiln-step'
  # not by the result, where 0x41301 means running: a script can exit with that, too
  $over = 0
  do {
    Start-Sleep -Seconds 1
    $state = (Get-ScheduledTask -TaskName 'kiln-step').State
    $task = Get-ScheduledTaskInfo -TaskName 'kiln-step'
    $over = if ($state -in 'Queued', 'Running' -or $task.LastRunTime.Year -lt 2000) { 0 } else { $over + 1 }
    [Console]::Out.Write($reader.ReadToEnd())
  } while ($over -lt 2)  # a second look, for the result may be there a moment after the state
  [Console]::Out.Write($reader.ReadToEnd())
  $code = [BitConverter]::ToInt32([BitConverter]::GetBytes([uint32] $task.LastTaskResult), 0)
} finally {
  Unregister-ScheduledTask -TaskName 'kiln-step' -Confirm:$false
  if ($reader) { $reader.Dispose() }
  # what the script left running may hold its log; generalizing removes the rest
  Remove-Item -LiteralPath $folder -Recurse -Force -ErrorAction SilentlyContinue
}
exit $code
"""


def user_of(*, elevated: bool, system: bool) -> User:
    """Return the user that runs a script with these settings of the template."""
    return SYSTEM if elevated and system else BUILDER


def inline_script(lines: tuple[str, ...], user: User) -> str:
    """Return the script of a PowerShell customizer's `inline`: its lines, as one script, run as `user`."""
    written = ",\n".join(f"  {literal(line)}" for line in lines)
    return (
        f"{HEAD}{_FOLDER}"
        f"[string[]] $lines = @(\n{written}\n)\n"
        "[IO.File]::WriteAllLines($script, $lines, (New-Object Text.UTF8Encoding $true))\n"
        f"{_account(user)}{_RUN}"
    )


def fetched_script(user: User) -> str:
    """Return the script of a PowerShell customizer's `scriptUri`: fetch it, then run it as `user`."""
    return f"{PARAMETERS}{HEAD}{FETCH}{_FOLDER}Save-Artifact $script\n{_account(user)}{_RUN}"


def literal(text: str) -> str:
    """Return `text` as a PowerShell expression that is exactly that text, whatever is in it.

    Printable ASCII stays readable between single quotes, in which only a quote means something, and is doubled.
    Everything else is coded in base64: PowerShell also takes typographic quotes for quotes, and a script file's
    encoding is Run Command's choice.
    """
    if text.isascii() and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    encoded = base64.b64encode(text.encode()).decode()
    return f"[Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('{encoded}'))"


def _account(user: User) -> str:
    return _AS_SYSTEM if user == SYSTEM else _AS_BUILDER
