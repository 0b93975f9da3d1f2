# Connects Kiln's function to its events (infra/events.bicep), once the deployed function can be seen. Repeatable.
# azd sets the variables from the outputs of infra/main.bicep; `az login` has to have been done.
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true
$functionName = 'on_event'
$where = @('--subscription', $env:AZURE_SUBSCRIPTION_ID, '--resource-group', $env:AZURE_RESOURCE_GROUP)

$tries = 30
while (-not (az functionapp function list @where --name $env:KILN_APP_NAME --query "[?ends_with(name, '/$functionName')].name" --output tsv)) {
    $tries--
    if ($tries -eq 0) {
        throw "The app $env:KILN_APP_NAME shows no function $functionName after 5 minutes: its log tells why (azd monitor --logs). Then run: azd hooks run postdeploy"
    }
    Start-Sleep -Seconds 10
}

# A subscription has one system topic at the most: another Kiln's, or anybody's, is used if there is one.
function Get-SystemTopic {
    $topics = az eventgrid system-topic list --subscription $env:AZURE_SUBSCRIPTION_ID --query '[].{source: source, id: id}' --output json
    $wanted = "/subscriptions/$env:AZURE_SUBSCRIPTION_ID"
    [string]($topics | Out-String | ConvertFrom-Json | Where-Object { $_.source -eq $wanted } | Select-Object -First 1).id
}

function Connect-Events([string]$systemTopicId) {
    az deployment group create @where --name kiln-events --template-file infra/events.bicep --output none --parameters "appName=$env:KILN_APP_NAME" "topicName=$env:KILN_TOPIC_NAME" "storageName=$env:KILN_STORAGE_NAME" "functionName=$functionName" "systemTopicId=$systemTopicId"
}

$found = Get-SystemTopic
try {
    Connect-Events $found
} catch {
    # Perhaps somebody made the topic, or removed it, in between.
    $now = Get-SystemTopic
    if ($now -eq $found) { throw }
    Connect-Events $now
}
Write-Host "Events reach $functionName of $env:KILN_APP_NAME."
