// What Kiln may do with virtual networks that templates bring: put a machine into a subnet, and change nothing.
targetScope = 'subscription'

@description('What makes the role\'s name unique in the tenant.')
param token string

var here = subscription().id

resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(here, token, 'kiln-networks')
  properties: {
    roleName: 'Kiln networks ${token}'
    description: 'Puts build machines into the subnets that templates name.'
    type: 'CustomRole'
    assignableScopes: [here]
    permissions: [
      {
        actions: [
          'Microsoft.Network/virtualNetworks/read' // virtual_networks.get
          'Microsoft.Network/virtualNetworks/subnets/join/action' // the PUT of an interface in the subnet
        ]
      }
    ]
  }
}

@description('ARM id of the role.')
output id string = role.id
