// What Kiln may do where it builds: staging groups, and what it makes in them. Each action says which call needs it.
targetScope = 'subscription'

@description('What makes the role\'s name unique in the tenant.')
param token string

var here = subscription().id

resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(here, token, 'kiln-staging')
  properties: {
    roleName: 'Kiln staging ${token}'
    description: 'Builds virtual machine images: staging resource groups and what is made in them.'
    type: 'CustomRole'
    assignableScopes: [here]
    permissions: [
      {
        actions: [
          // resources.resource_groups: the template's staging group
          'Microsoft.Resources/subscriptions/resourceGroups/read' // get, check_existence
          'Microsoft.Resources/subscriptions/resourceGroups/write' // create_or_update
          'Microsoft.Resources/subscriptions/resourceGroups/delete' // begin_delete, with the template
          'Microsoft.Resources/subscriptions/resourceGroups/resources/read' // resources.list_by_resource_group
          'Microsoft.Resources/tags/read' // the answer to the PATCH of a group's tags
          'Microsoft.Resources/tags/write' // tags.begin_update_at_scope, at the group
          // network: the build network, with nothing that lets anyone in
          'Microsoft.Network/networkSecurityGroups/read' // network_security_groups.get
          'Microsoft.Network/networkSecurityGroups/write' // network_security_groups.begin_create_or_update
          'Microsoft.Network/networkSecurityGroups/delete' // network_security_groups.begin_delete
          'Microsoft.Network/networkSecurityGroups/join/action' // the PUTs of a network and an interface that name it
          'Microsoft.Network/virtualNetworks/read' // virtual_networks.get
          'Microsoft.Network/virtualNetworks/write' // virtual_networks.begin_create_or_update
          'Microsoft.Network/virtualNetworks/delete' // virtual_networks.begin_delete
          'Microsoft.Network/virtualNetworks/subnets/join/action' // the PUT of an interface in the subnet
          'Microsoft.Network/networkInterfaces/read' // the PUT of a machine reads its interface
          'Microsoft.Network/networkInterfaces/write' // network_interfaces.begin_create_or_update
          'Microsoft.Network/networkInterfaces/delete' // network_interfaces.begin_delete, or with its machine
          'Microsoft.Network/networkInterfaces/join/action' // the PUT of a machine with the interface
          // storage: the account of logs, artifacts and VHDs; what is in it is Storage Blob Data Contributor's
          'Microsoft.Storage/storageAccounts/read' // storage_accounts.get_properties
          'Microsoft.Storage/storageAccounts/write' // storage_accounts.begin_create
          'Microsoft.Storage/storageAccounts/delete' // storage_accounts.delete
          // compute: build and validation machines, driven by managed Run Command
          'Microsoft.Compute/virtualMachines/read' // virtual_machines.get, and as the source of images and versions
          'Microsoft.Compute/virtualMachines/write' // virtual_machines.begin_create_or_update
          'Microsoft.Compute/virtualMachines/delete' // virtual_machines.begin_delete
          'Microsoft.Compute/virtualMachines/instanceView/read' // virtual_machines.instance_view
          'Microsoft.Compute/virtualMachines/restart/action' // virtual_machines.begin_restart
          'Microsoft.Compute/virtualMachines/deallocate/action' // virtual_machines.begin_deallocate
          'Microsoft.Compute/virtualMachines/generalize/action' // virtual_machines.generalize
          'Microsoft.Compute/virtualMachines/runCommands/read' // virtual_machine_run_commands.get_by_virtual_machine
          'Microsoft.Compute/virtualMachines/runCommands/write' // virtual_machine_run_commands.begin_create_or_update
          'Microsoft.Compute/disks/read' // disks.get
          'Microsoft.Compute/disks/write' // disks.begin_create_or_update, and the PUT of a machine
          'Microsoft.Compute/disks/delete' // disks.begin_delete, or with its machine
          'Microsoft.Compute/disks/beginGetAccess/action' // disks.begin_grant_access, and the PUT of its snapshot
          'Microsoft.Compute/disks/endGetAccess/action' // disks.begin_revoke_access
          'Microsoft.Compute/snapshots/read' // snapshots.get
          'Microsoft.Compute/snapshots/write' // snapshots.begin_create_or_update
          'Microsoft.Compute/snapshots/delete' // snapshots.begin_delete
          'Microsoft.Compute/snapshots/beginGetAccess/action' // the PUT of its copy in another region
          // compute: the gallery that a validation machine is made from
          'Microsoft.Compute/galleries/read' // the PUT of a version reads its gallery
          'Microsoft.Compute/galleries/write' // galleries.begin_create_or_update
          'Microsoft.Compute/galleries/delete' // galleries.begin_delete
          'Microsoft.Compute/galleries/images/read' // the PUT of a version reads its definition
          'Microsoft.Compute/galleries/images/write' // gallery_images.begin_create_or_update
          'Microsoft.Compute/galleries/images/delete' // gallery_images.begin_delete
          'Microsoft.Compute/galleries/images/versions/read' // the PUT of a machine that is made from it
          'Microsoft.Compute/galleries/images/versions/write' // gallery_image_versions.begin_create_or_update
          'Microsoft.Compute/galleries/images/versions/delete' // gallery_image_versions.begin_delete
        ]
      }
    ]
  }
}

@description('ARM id of the role.')
output id string = role.id
