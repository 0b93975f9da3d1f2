$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
if (Test-Path -LiteralPath 'HKLM:\SOFTWARE\KilnBoot') {
  Write-Output 'not restarted yet'
  exit 75
}
Unregister-ScheduledTask -TaskName 'kiln-restart' -Confirm:$false -ErrorAction SilentlyContinue
Write-Output "running since $((Get-CimInstance Win32_OperatingSystem).LastBootUpTime)"
