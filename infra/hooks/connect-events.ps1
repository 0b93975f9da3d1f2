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

az deployment group create @where --name kiln-events --template-file infra/events.bicep --output none --parameters "appName=$env:KILN_APP_NAME" "topicName=$env:KILN_TOPIC_NAME" "storageName=$env:KILN_STORAGE_NAME" "functionName=$functionName"
Write-Host "Events reach $functionName of $env:KILN_APP_NAME."
