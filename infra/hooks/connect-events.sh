#!/bin/sh
# Connects Kiln's function to its events (infra/events.bicep), once the deployed function can be seen. Repeatable.
# azd sets the variables from the outputs of infra/main.bicep; `az login` has to have been done.
set -eu
function_name=on_event

functions() {
    az functionapp function list --subscription "$AZURE_SUBSCRIPTION_ID" --resource-group "$AZURE_RESOURCE_GROUP" \
        --name "$KILN_APP_NAME" --query "[?ends_with(name, '/$function_name')].name" --output tsv
}

tries=30
until [ -n "$(functions)" ]; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ]; then
        echo "The app $KILN_APP_NAME shows no function $function_name after 5 minutes: its log tells why" \
            "(azd monitor --logs). Then run: azd hooks run postdeploy" >&2
        exit 1
    fi
    sleep 10
done

# A subscription has one system topic at the most: another Kiln's, or anybody's, is used if there is one.
system_topic() {
    topics=$(az eventgrid system-topic list --subscription "$AZURE_SUBSCRIPTION_ID" \
        --query "[].[source, id]" --output tsv)
    printf '%s\n' "$topics" | awk -F '\t' -v wanted="/subscriptions/$AZURE_SUBSCRIPTION_ID" \
        'tolower($1) == tolower(wanted) { print $2; exit }'
}

connect() {
    az deployment group create --subscription "$AZURE_SUBSCRIPTION_ID" --resource-group "$AZURE_RESOURCE_GROUP" \
        --name kiln-events --template-file infra/events.bicep --output none --parameters \
        appName="$KILN_APP_NAME" topicName="$KILN_TOPIC_NAME" storageName="$KILN_STORAGE_NAME" \
        functionName="$function_name" systemTopicId="$1"
}

found=$(system_topic)
status=0
connect "$found" || status=$?
if [ "$status" -ne 0 ]; then
    # Perhaps somebody made the topic, or removed it, in between.
    now=$(system_topic)
    [ "$now" != "$found" ] || exit "$status"
    connect "$now"
fi
echo "Events reach $function_name of $KILN_APP_NAME."
