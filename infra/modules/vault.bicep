// Holds one secret: the address of the Teams workflow. Whoever has it can post to that channel.

import { roles } from 'roles.bicep'

@description('Name of the vault.')
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

@description('Whether a deleted vault stays recoverable for 90 days, whoever asks. Cannot be switched off again.')
param purgeProtection bool

@description('Days for which a deleted vault can be recovered. Cannot be changed later.')
param recoverableDays int

@secure()
@description('Address of the Teams workflow. Empty leaves what is stored as it is.')
param teamsWebhookUrl string

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    enableSoftDelete: true
    softDeleteRetentionInDays: recoverableDays
    enablePurgeProtection: purgeProtection ? true : null // the service takes no false
  }
}

resource webhook 'Microsoft.KeyVault/vaults/secrets@2025-05-01' = if (!empty(teamsWebhookUrl)) {
  parent: vault
  name: 'teams-webhook-url'
  properties: {
    value: teamsWebhookUrl
    contentType: 'address of a Teams workflow'
  }
}

resource vaultLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated' // into AZKVAuditLogs, which the alert on secrets reads
    logs: [{ category: 'AuditEvent', enabled: true }]
  }
}

// On the vault, not on the secret: the secret may be stored later, and it is the only one in here.
resource mayRead 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, 'app', roles.vaultSecretsUser)
  scope: vault
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.vaultSecretsUser)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

output id string = vault.id
output name string = vault.name
output webhookReference string = '@Microsoft.KeyVault(VaultName=${vault.name};SecretName=teams-webhook-url)'
