// One role for one principal, everywhere in the subscription.
targetScope = 'subscription'

@description('ARM id of the role.')
param roleId string

@description('Object id of the principal.')
param principalId string

@description('Which resources it holds for, in the language of role assignment conditions. Empty: all.')
param condition string = ''

resource grant 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, roleId, principalId)
  properties: {
    condition: empty(condition) ? null : condition
    conditionVersion: empty(condition) ? null : '2.0'
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: roleId
  }
}
