$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$job = Join-Path $env:SystemRoot 'Temp\kiln-generalize.ps1'
[string[]] $lines = @(
  '$ErrorActionPreference = ''Stop''',
  'Start-Transcript -Path (Join-Path $env:SystemRoot ''Temp\kiln-generalize.log'') | Out-Null',
  'Start-Sleep -Seconds 10',
  '$builder = Get-LocalUser -Name ''kiln-build'' -ErrorAction SilentlyContinue',
  'if ($builder) {',
  '  $ofBuilder = "SID=''$($builder.SID)''"',
  '  for ($try = 1; $left = Get-CimInstance -ClassName Win32_UserProfile -Filter $ofBuilder; $try++) {',
  '    try {',
  '      Remove-CimInstance -InputObject $left',
  '    } catch {',
  '      if ($try -ge 24) { throw }  # a profile stays loaded for a while after its last process',
  '      Start-Sleep -Seconds 5',
  '    }',
  '  }',
  '  Remove-LocalUser -InputObject $builder',
  '}',
  '$handler = Join-Path $env:SystemDrive ''Packages\Plugins\Microsoft.CPlat.Core.RunCommandHandlerWindows\*''',
  'foreach ($folder in ''Downloads'', ''RuntimeSettings'', ''Status'') {',
  '  for ($try = 1; $left = @(Get-Item -Path "$handler\$folder\*" -Force -ErrorAction SilentlyContinue); $try++) {',
  '    try {',
  '      $left | Remove-Item -Recurse -Force',
  '    } catch {',
  '      if ($try -ge 24) { throw }  # the handler may be about to write how this very script ended',
  '      Start-Sleep -Seconds 5',
  '    }',
  '  }',
  '}',
  '$logs = Join-Path $env:SystemDrive ''WindowsAzure\Logs\Plugins\Microsoft.CPlat.Core.RunCommandHandlerWindows''',
  'Remove-Item -Path "$logs\*" -Recurse -Force -ErrorAction SilentlyContinue',
  'if (Test-Path -LiteralPath ''C:\DeprovisioningScript.ps1'') {',
  '  & ''C:\DeprovisioningScript.ps1''',
  '} else {',
  '  foreach ($name in ''RdAgent'', ''WindowsAzureTelemetryService'', ''WindowsAzureGuestAgent'') {',
  '    while ((Get-Service -Name $name -ErrorAction SilentlyContinue).Status -notin $null, ''Running'') {',
  '      Start-Sleep -Seconds 5',
  '    }',
  '  }',
  '  foreach ($folder in ''Panther'', ''System32\Sysprep'') {',
  '    $answers = Join-Path $env:SystemRoot "$folder\unattend.xml"',
  '    if (Test-Path -LiteralPath $answers) { Remove-Item -LiteralPath $answers -Force }',
  '  }',
  '  & "$env:SystemRoot\System32\Sysprep\Sysprep.exe" /oobe /generalize /quiet /quit',
  '  $state = ''HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State''',
  '  while ((Get-ItemProperty -LiteralPath $state).ImageState -ne ''IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE'') {',
  '    Start-Sleep -Seconds 5',
  '  }',
  '}',
  'Stop-Transcript | Out-Null',
  'Unregister-ScheduledTask -TaskName ''kiln-generalize'' -Confirm:$false',
  'Remove-Item -Path (Join-Path $env:SystemRoot ''Temp\kiln-*'') -Recurse -Force -ErrorAction SilentlyContinue',
  'Stop-Computer -Force'
)
[IO.File]::WriteAllLines($job, $lines)
$arguments = "-NoProfile -NonInteractive -ExecutionPolicy Bypass -File $job"
$action = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument $arguments
$settings = New-ScheduledTaskSettingsSet -Priority 4 -ExecutionTimeLimit ([TimeSpan]::Zero)
Register-ScheduledTask -TaskName 'kiln-generalize' -Action $action -Settings $settings -User 'SYSTEM' `
  -RunLevel Highest -Force | Out-Null
Start-ScheduledTask -TaskName 'kiln-generalize'
Write-Output 'sysprep and power-off are on their way'
