$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
if (Test-Path -LiteralPath 'HKLM:\SOFTWARE\KilnBoot') {
  Write-Output 'not restarted yet'
  exit 75
}
$command = 'if not exist C:\example exit 1'
$line = '/d /s /c "' + $command + '"'
$process = Start-Process -FilePath 'cmd.exe' -ArgumentList $line -NoNewWindow -Wait -PassThru
if ($process.ExitCode -ne 0) {
  Write-Output "restarted; the check command ends with $($process.ExitCode)"
  exit 75
}
Unregister-ScheduledTask -TaskName 'kiln-restart' -Confirm:$false -ErrorAction SilentlyContinue
Write-Output "running since $((Get-CimInstance Win32_OperatingSystem).LastBootUpTime)"
