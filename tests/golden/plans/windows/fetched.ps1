param([string] $KILN_ARTIFACT_URL)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
if ($KILN_ARTIFACT_URL -notlike '*://*') {
  $KILN_ARTIFACT_URL = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($KILN_ARTIFACT_URL))
}
function Save-Artifact([string] $Path) {
  $tls = [Net.SecurityProtocolType]::Tls12
  [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor $tls
  for ($try = 1; ; $try++) {
    try {
      (New-Object Net.WebClient).DownloadFile($KILN_ARTIFACT_URL, $Path)
      return
    } catch {
      if ($try -ge 5) { throw }
      Start-Sleep -Seconds (5 * $try)
    }
  }
}
$folder = Join-Path $env:SystemRoot ('Temp\kiln-' + [Guid]::NewGuid())
$script = Join-Path $folder 'script.ps1'
$log = Join-Path $folder 'output.log'
New-Item -ItemType Directory -Path $folder | Out-Null
Save-Artifact $script
$account = @{ User = 'SYSTEM' }
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
  # 0x41301 running, 0x41303 has not run yet, 0x41325 queued (Task Scheduler's constants)
  do {
    Start-Sleep -Seconds 1
    $result = (Get-ScheduledTaskInfo -TaskName 'kiln-step').LastTaskResult
    [Console]::Out.Write($reader.ReadToEnd())
  } while ($result -in 0x41301, 0x41303, 0x41325)
  [Console]::Out.Write($reader.ReadToEnd())
  $code = [BitConverter]::ToInt32([BitConverter]::GetBytes([uint32] $result), 0)
} finally {
  Unregister-ScheduledTask -TaskName 'kiln-step' -Confirm:$false
  if ($reader) { $reader.Dispose() }
  # what the script left running may hold its log; generalizing removes the rest
  Remove-Item -LiteralPath $folder -Recurse -Force -ErrorAction SilentlyContinue
}
exit $code
