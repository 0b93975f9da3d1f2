// What Kiln may do with the images that templates are built from and distributed to.
targetScope = 'subscription'

@description('What makes the role\'s name unique in the tenant.')
param token string

var here = subscription().id

resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(here, token, 'kiln-images')
  properties: {
    roleName: 'Kiln images ${token}'
    description: 'Reads source images; publishes gallery image versions and managed images, and deletes what a run left half made.'
    type: 'CustomRole'
    assignableScopes: [here]
    permissions: [
      {
        actions: [
          'Microsoft.Compute/galleries/read' // the PUT of a version reads its gallery
          'Microsoft.Compute/galleries/images/read' // gallery_images.get
          'Microsoft.Compute/galleries/images/versions/read' // gallery_image_versions.get, list_by_gallery_image
          'Microsoft.Compute/galleries/images/versions/write' // gallery_image_versions.begin_create_or_update, begin_update
          'Microsoft.Compute/galleries/images/versions/delete' // gallery_image_versions.begin_delete: a version that a run left half made
          'Microsoft.Compute/images/read' // images.get, and as the source of a machine
          'Microsoft.Compute/images/write' // images.begin_create_or_update
          'Microsoft.Compute/images/delete' // images.begin_delete: an image of the same name is replaced
        ]
      }
    ]
  }
}

@description('ARM id of the role.')
output id string = role.id
