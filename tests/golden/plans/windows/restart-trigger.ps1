$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$command = 'shutdown /r /f /t 0 /c "by hand"'
$wait = 'ping.exe -n 6 127.0.0.1 > nul'
$line = '/d /s /c "' + $wait + ' & ' + $command + '"'
$action = New-ScheduledTaskAction -Execute 'cmd.exe' -Argument $line
Register-ScheduledTask -TaskName 'kiln-restart' -Action $action -User 'SYSTEM' -RunLevel Highest -Force |
  Out-Null
Start-ScheduledTask -TaskName 'kiln-restart'
Write-Output "in a few seconds: $command"
