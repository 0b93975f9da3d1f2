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
$target = [IO.Path]::GetFullPath('C:\example\settings.ini')
$folder = [IO.Path]::GetDirectoryName($target)
if ([IO.Directory]::Exists($target)) {
  Write-Output "$target is a directory of this machine: add the file name to the destination"
  exit 1
}
try {
  [IO.Directory]::CreateDirectory($folder) | Out-Null
} catch {
  Write-Output "$folder cannot be made as a directory: it, or a part of its path, exists and is not a directory, or the drive is not there: $_"
  exit 1
}
Save-Artifact "$target.part"
[IO.File]::Delete($target)
[IO.File]::Move("$target.part", $target)
Write-Output "wrote $((New-Object IO.FileInfo $target).Length) bytes to $target"
