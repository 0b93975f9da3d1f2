$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
function Invoke-Attempt([string] $Program, [string] $Arguments) {
  Write-Output "+ $Program $Arguments"
  $process = Start-Process -FilePath $Program -ArgumentList $Arguments -NoNewWindow -Wait -PassThru
  if ($process.ExitCode -ne 0) { Write-Output "  (exit code $($process.ExitCode): left as it is)" }
}
Get-ChildItem -Path "$env:SystemRoot\Microsoft.NET\Framework*\v4*\ngen.exe" |
  ForEach-Object { Invoke-Attempt $_.FullName 'executeQueuedItems /nologo /silent' }
Invoke-Attempt 'dism.exe' '/Online /Cleanup-Image /StartComponentCleanup /Quiet'
Write-Output '+ Optimize-Volume -ReTrim'
Optimize-Volume -DriveLetter $env:SystemDrive[0] -ReTrim -ErrorAction Continue
exit 0
