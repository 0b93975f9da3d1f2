"""The WindowsUpdate customizer's script: one round of updates, by the Windows Update Agent's own API.

Search criteria, filters and limit mean the same as in packer-plugin-windows-update, which AIB uses; restarts happen
between rounds, never in one.
"""

from __future__ import annotations

from kiln.planner.scripts.powershell import HEAD, literal
from kiln.planner.steps import UPDATES_DONE, UPDATES_MORE, UPDATES_RESTART

CRITERIA = "BrowseOnly=0 and IsInstalled=0"
"""AIB's default (Microsoft's image-builder-json, `searchCriteria`)."""

EVERYTHING = ("include:$true",)
"""The filter if the template has none: everything that the search finds is installed."""

LIMIT = 1000
"""The most updates in one round; AIB's default."""

_ROUND = f"""\
function Test-Wanted($update) {{
  foreach ($filter in $filters) {{
    $action, $expression = $filter -split ':', 2
    if ($action -notin 'include', 'exclude') {{ throw "a filter begins with include: or exclude:, not with $action" }}
    if (Where-Object -InputObject $update -FilterScript ([ScriptBlock]::Create($expression))) {{
      return $action -eq 'include'
    }}
  }}
  return $false
}}

if ((New-Object -ComObject 'Microsoft.Update.SystemInfo').RebootRequired) {{
  Write-Output 'earlier updates wait for a restart'
  exit {UPDATES_RESTART}
}}
$session = New-Object -ComObject 'Microsoft.Update.Session'
$wanted = New-Object -ComObject 'Microsoft.Update.UpdateColl'
foreach ($update in $session.CreateUpdateSearcher().Search($criteria).Updates) {{
  if ($wanted.Count -ge $limit) {{ break }}
  if ($update.InstallationBehavior.CanRequestUserInput) {{
    Write-Output "left out, because it may ask a person: $($update.Title)"
  }} elseif (Test-Wanted $update) {{
    Write-Output "to be installed: $($update.Title)"
    $update.AcceptEula()
    $wanted.Add($update) | Out-Null
  }}
}}
if ($wanted.Count -eq 0) {{
  Write-Output 'no update is left'
  exit {UPDATES_DONE}
}}
$downloader = $session.CreateUpdateDownloader()
$downloader.Updates = $wanted
$downloader.Download() | Out-Null
$installer = $session.CreateUpdateInstaller()
$installer.Updates = $wanted
$result = $installer.Install()
# 2 succeeded, 3 succeeded with errors, 4 failed, 5 aborted (OperationResultCode)
for ($at = 0; $at -lt $wanted.Count; $at++) {{
  $one = $result.GetUpdateResult($at)
  if ($one.ResultCode -ne 2) {{
    Write-Output ('result {{0}}, 0x{{1:X8}}: {{2}}' -f $one.ResultCode, $one.HResult, $wanted.Item($at).Title)
  }}
}}
if ($result.RebootRequired) {{ exit {UPDATES_RESTART} }}
if ($result.ResultCode -ge 4) {{ exit 1 }}
exit {UPDATES_MORE}
"""


def install_script(*, criteria: str, filters: tuple[str, ...], limit: int) -> str:
    """Return the script of one round. Its exit code tells what comes next (kiln.planner.steps: UPDATES_*)."""
    rules = ",\n".join(f"  {literal(filter_)}" for filter_ in filters or EVERYTHING)
    return (
        f"{HEAD}"
        f"$criteria = {literal(criteria or CRITERIA)}\n"
        f"[string[]] $filters = @(\n{rules}\n)\n"
        f"$limit = {limit or LIMIT}\n"
        f"{_ROUND}"
    )
