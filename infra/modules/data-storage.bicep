// Where findings and their evidence live. Apart from the host's account, so that being able to deploy code is not being
// able to rewrite evidence.

import { roles } from 'roles.bicep'

@description('Name of the storage account.')
param name string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Object id of the app\'s identity.')
param principalId string

@description('Workspace that takes the access log.')
param workspaceId string

@description('Whether it is reached by private endpoints alone.')
param isPrivate bool

@description('How the data is replicated.')
param replication string

@description('Days for which a seal can be neither changed nor deleted.')
param sealDays int

@description('Whether the policy on the seals was locked by a person: it is then left as it is.')
param sealsLocked bool

@description('Object ids of the groups or users who may read the tables and the seals directly, to verify and to run doctor.')
param readers string[]

@allowed(['Group', 'User'])
@description('What the readers are.')
param readersAre string

@description('Whether every read and write of the tables is logged, not only deletions.')
param auditTables bool

@description('Whether the account is locked against deletion.')
param lock bool

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: replication }
  properties: {
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      deleteRetentionPolicy: { enabled: true, days: 30 }
      containerDeleteRetentionPolicy: { enabled: true, days: 30 }
    }

    resource seals 'containers' = {
      name: 'seals'
      properties: { publicAccess: 'None' }

      // Unlocked: it can still be shortened or removed. Locking it is for good and is left to a person
      // (docs/deployment.md). A locked policy takes no other request than one that makes it longer, so it is not sent.
      resource immutability 'immutabilityPolicies' = if (!sealsLocked) {
        name: 'default'
        properties: {
          immutabilityPeriodSinceCreationInDays: sealDays
          allowProtectedAppendWrites: false
        }
      }
    }
  }

  resource tableService 'tableServices' = {
    name: 'default'

    resource tables 'tables' = [
      for table in ['Coverage', 'Timelines', 'Work', 'Findings', 'FindingIndex', 'Quarantine']: { name: table }
    ]
  }
}

resource sealLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: account::blobs
  properties: {
    workspaceId: workspaceId
    logs: [
      { category: 'StorageRead', enabled: true }
      { category: 'StorageWrite', enabled: true }
      { category: 'StorageDelete', enabled: true }
    ]
  }
}

resource tableLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: account::tableService
  properties: {
    workspaceId: workspaceId
    logs: [
      { category: 'StorageRead', enabled: auditTables }
      { category: 'StorageWrite', enabled: auditTables }
      { category: 'StorageDelete', enabled: true }
    ]
  }
}

// On the account: the app uses every table of it, and there are no others.
resource mayUseTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, 'app', roles.tableDataContributor)
  scope: account
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.tableDataContributor)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

// On the one container; the policy above keeps even this role from changing a seal.
resource maySeal 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::blobs::seals.id, 'app', roles.blobDataContributor)
  scope: account::blobs::seals
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobDataContributor)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

resource readersReadTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for reader in readers: {
    name: guid(account.id, reader, roles.tableDataReader)
    scope: account
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.tableDataReader)
      principalId: reader
      principalType: readersAre
    }
  }
]

resource readersReadSeals 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for reader in readers: {
    name: guid(account::blobs::seals.id, reader, roles.blobDataReader)
    scope: account::blobs::seals
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobDataReader)
      principalId: reader
      principalType: readersAre
    }
  }
]

resource noDeletion 'Microsoft.Authorization/locks@2020-05-01' = if (lock) {
  name: 'evidence'
  scope: account
  properties: {
    level: 'CanNotDelete'
    notes: 'Holds findings and their history. Remove this lock first if you mean to delete them.'
  }
}

output id string = account.id
output tablesUrl string = 'https://${account.name}.table.${environment().suffixes.storage}'
output sealsUrl string = '${account.properties.primaryEndpoints.blob}${account::blobs::seals.name}'
