$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$criteria = 'BrowseOnly=0 and IsInstalled=0'
[string[]] $filters = @(
  'include:$true'
)
$limit = 1000
function Test-Wanted($update) {
  foreach ($filter in $filters) {
    $action, $expression = $filter -split ':', 2
    if ($action -notin 'include', 'exclude') { throw "a filter begins with include: or exclude:, not with $action" }
    if (Where-Object -InputObject $update -FilterScript ([ScriptBlock]::Create($expression))) {
      return $action -eq 'include'
    }
  }
  return $false
}

if ((New-Object -ComObject 'Microsoft.Update.SystemInfo').RebootRequired) {
  Write-Output 'earlier updates wait for a restart'
  exit 101
}
$session = New-Object -ComObject 'Microsoft.Update.Session'
$wanted = New-Object -ComObject 'Microsoft.Update.UpdateColl'
foreach ($update in $session.CreateUpdateSearcher().Search($criteria).Updates) {
  if ($wanted.Count -ge $limit) { break }
  if ($update.InstallationBehavior.CanRequestUserInput) {
    Write-Output "left out, because it may ask a person: $($update.Title)"
  } elseif (Test-Wanted $update) {
    Write-Output "to be installed: $($update.Title)"
    $update.AcceptEula()
    $wanted.Add($update) | Out-Null
  }
}
if ($wanted.Count -eq 0) {
  Write-Output 'no update is left'
  exit 0
}
$downloader = $session.CreateUpdateDownloader()
$downloader.Updates = $wanted
$downloader.Download() | Out-Null
$installer = $session.CreateUpdateInstaller()
$installer.Updates = $wanted
$result = $installer.Install()
# 2 succeeded, 3 succeeded with errors, 4 failed, 5 aborted (OperationResultCode)
for ($at = 0; $at -lt $wanted.Count; $at++) {
  $one = $result.GetUpdateResult($at)
  if ($one.ResultCode -ne 2) {
    Write-Output ('result {0}, 0x{1:X8}: {2}' -f $one.ResultCode, $one.HResult, $wanted.Item($at).Title)
  }
}
if ($result.RebootRequired) { exit 101 }
if ($result.ResultCode -ge 4) { exit 1 }
exit 102
