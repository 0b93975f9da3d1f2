$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$check = [Microsoft.Win32.RegistryKeyPermissionCheck]::Default
$volatile = [Microsoft.Win32.RegistryOptions]::Volatile
[Microsoft.Win32.Registry]::LocalMachine.CreateSubKey('SOFTWARE\KilnBoot', $check, $volatile).Close()
Write-Output "running since $((Get-CimInstance Win32_OperatingSystem).LastBootUpTime)"
