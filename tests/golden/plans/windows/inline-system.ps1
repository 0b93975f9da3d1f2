$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$folder = Join-Path $env:SystemRoot ('Temp\kiln-' + [Guid]::NewGuid())
$script = Join-Path $folder 'script.ps1'
$log = Join-Path $folder 'output.log'
New-Item -ItemType Directory -Path $folder | Out-Null
[string[]] $lines = @(
  'Write-Output ''hello'''
)
[IO.File]::WriteAllLines($script, $lines, (New-Object Text.UTF8Encoding $true))
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
