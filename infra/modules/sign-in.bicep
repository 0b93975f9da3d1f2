// Who may call the API: App Service authentication ("Easy Auth") in front of the app. Closed unless a client is named.
@description('Name of the function app.')
param appName string

@description('Client id of the app registration. Empty: no identity provider, so no token is good.')
param clientId string

@description('Audiences that tokens may name, beside the client id and its URI.')
param allowedAudiences string[]

@description('Object ids of those who may call. Empty: all that get a token for the app registration.')
param allowedPrincipals string[]

resource app 'Microsoft.Web/sites@2024-04-01' existing = {
  name: appName
}

resource auth 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: { enabled: true, runtimeVersion: '~1' }
    httpSettings: { requireHttps: true }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'Return401'
      // Event Grid signs in there with the host's system key, not with a token. Both spellings are in Microsoft's texts.
      excludedPaths: ['/runtime/webhooks/EventGrid', '/runtime/webhooks/eventgrid']
    }
    identityProviders: {
      azureActiveDirectory: empty(clientId)
        ? { enabled: false }
        : {
            enabled: true
            registration: {
              clientId: clientId
              openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
            }
            validation: {
              allowedAudiences: union([clientId, 'api://${clientId}'], allowedAudiences)
              defaultAuthorizationPolicy: empty(allowedPrincipals)
                ? {}
                : { allowedPrincipals: { identities: allowedPrincipals } }
            }
          }
    }
    // Clients bring tokens; nobody signs in with a browser, so there are no sessions to keep.
    login: { tokenStore: { enabled: false } }
  }
}
