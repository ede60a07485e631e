// Crosscheck in one resource group. For the owner of the subscription; what the directory admin does is in
// directory.bicep. Read this file, then modules/ in the order used here.

targetScope = 'subscription'

@minLength(1)
@maxLength(12)
@description('Tells deployments apart, for example prod or dev: small letters, digits and hyphens. Part of every name.')
param environmentName string

@description('Region of everything. Flex Consumption must be offered there.')
param location string

@description('Resource group, made if it is not there.')
param resourceGroupName string = 'rg-crosscheck-${environmentName}'

@minLength(1)
@description('Who is told when the monitor itself is in trouble, by e-mail.')
param alertEmails string[]

@allowed(['teams', 'none'])
@description('Where findings are told. teams: the secret must be stored before the app is deployed, by the next parameter or by hand. none: findings are kept and nobody is told.')
param channel string = 'teams'

@secure()
@description('Address of the Teams workflow, kept in Key Vault. Empty leaves what is stored there as it is.')
param teamsWebhookUrl string = ''

@description('Client id of the app registration (output of directory.bicep). Until it is set the API answers 401, and the monitor works.')
param appRegistrationId string = ''

@allowed(['on', 'off'])
@description('Whether the logs are read. Off until the directory step is done (it hands out the app registration): a token that is asked for before the permissions are there is kept for about a day without them.')
param reading string = empty(appRegistrationId) ? 'off' : 'on'

@description('When the logs are read: NCRONTAB with seconds, UTC.')
param pollSchedule string = '0 */5 * * * *'

@allowed([30, 60, 120, 360, 1440])
@description('Minutes without a run that succeeded before somebody is told. More than twice the time between polls.')
param silenceMinutes int = 30

@description('Further settings of the monitor by name, from docs/configuration.md: thresholds, stages, retention.')
param settings { *: string } = {}

@allowed(['22', '24'])
@description('Version of Node.')
param nodeVersion string = '24'

@allowed([512, 2048, 4096])
@description('Memory of an instance in MB.')
param instanceMemory int = 2048

@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
@description('Replication of the findings.')
param dataReplication string = 'Standard_ZRS'

@description('Whether the plan spreads over the zones of the region. Needs a region with zones, and instances that are always there.')
param zoneRedundant bool = false

@minValue(1)
@maxValue(146000)
@description('Days for which a seal can be neither changed nor deleted. The policy is left unlocked.')
param sealDays int = 400

@description('Set it once the policy on the seals was locked: a locked policy refuses to be deployed again.')
param sealsLocked bool = false

@description('Object ids of those who may read tables and seals directly, to verify and to run doctor.')
param readers string[] = []

@allowed(['Group', 'User'])
@description('What the readers are: all groups, or all users.')
param readersAre string = 'Group'

@minValue(30)
@maxValue(730)
@description('Days that logs are kept in the workspace.')
param logRetentionDays int = 90

@minValue(1)
@description('Most GB of logs a day.')
param logDailyCapGb int = 2

@description('Log every read and write of the findings\' tables, not only deletions. Costs about as much as the rest of the log.')
param auditTables bool = true

@description('Lock the findings\' storage account against deletion.')
param lockData bool = true

@description('Keep a deleted vault recoverable for 90 days, whoever asks. Cannot be switched off again.')
param purgeProtection bool = true

@minValue(7)
@maxValue(90)
@description('Days for which a deleted vault can be recovered. Cannot be changed later.')
param vaultRecoverableDays int = 90

@description('A network of its own for the app, private endpoints for storage and vault, and no public way to those. Whoever verifies or runs doctor then needs a way into the network.')
param privateNetwork bool = false

@description('Address range of that network.')
param networkPrefix string = '10.74.0.0/24'

@minValue(0)
@description('What a month may cost before somebody is told, in the currency of the subscription. 0: no budget.')
param monthlyBudget int = 0

@description('First day of the month in which the budget begins. Give the same on every deployment.')
param budgetFrom string = utcNow('yyyy-MM-01')

@description('Tags on everything.')
param tags object = {}

var allTags = union(tags, { application: 'crosscheck', 'azd-env-name': environmentName })
var unique = uniqueString(subscription().id, resourceGroupName)
// Bicep has no patterns: every character is looked at.
var foreign = filter(
  map(range(0, length(environmentName)), i => substring(environmentName, i, 1)),
  character => !contains('abcdefghijklmnopqrstuvwxyz0123456789-', character)
)
var name = empty(foreign)
  ? 'crosscheck-${environmentName}'
  : fail('environmentName "${environmentName}" may hold only a-z, 0-9 and -')

// The monitor's settings, one a line; test/infra compares them with shared/config/settings.ts.
var monitorSettings = {
  TENANT_ID: tenant().tenantId
  AZURE_CLIENT_ID: identity.outputs.clientId
  TABLES_ENDPOINT: dataStorage.outputs.tablesUrl
  SEAL_CONTAINER: dataStorage.outputs.sealsUrl
  POLL_SCHEDULE: pollSchedule
  READING: reading
}
var channelSettings = channel == 'teams' ? { TEAMS_WEBHOOK_URL: vault.outputs.webhookReference } : {}

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: resourceGroupName
  location: location
  tags: allTags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: { name: name, location: location, tags: allTags }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    name: name
    location: location
    tags: allTags
    principalId: identity.outputs.principalId
    retentionDays: logRetentionDays
    dailyCapGb: logDailyCapGb
  }
}

module hostStorage 'modules/host-storage.bicep' = {
  scope: group
  params: {
    name: 'sthost${unique}'
    location: location
    tags: allTags
    principalId: identity.outputs.principalId
    workspaceId: monitoring.outputs.workspaceId
    isPrivate: privateNetwork
  }
}

module dataStorage 'modules/data-storage.bicep' = {
  scope: group
  params: {
    name: 'stdata${unique}'
    location: location
    tags: allTags
    principalId: identity.outputs.principalId
    workspaceId: monitoring.outputs.workspaceId
    replication: dataReplication
    isPrivate: privateNetwork
    sealDays: sealDays
    sealsLocked: sealsLocked
    readers: readers
    readersAre: readersAre
    auditTables: auditTables
    lock: lockData
  }
}

module vault 'modules/vault.bicep' = {
  scope: group
  params: {
    name: 'kv-${unique}'
    location: location
    tags: allTags
    principalId: identity.outputs.principalId
    workspaceId: monitoring.outputs.workspaceId
    purgeProtection: purgeProtection
    recoverableDays: vaultRecoverableDays
    isPrivate: privateNetwork
    teamsWebhookUrl: teamsWebhookUrl
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  scope: group
  params: {
    name: name
    location: location
    tags: allTags
    addressPrefix: networkPrefix
    targets: [
      { id: hostStorage.outputs.id, service: 'blob', name: 'host-blob' }
      { id: hostStorage.outputs.id, service: 'table', name: 'host-table' }
      { id: dataStorage.outputs.id, service: 'blob', name: 'data-blob' }
      { id: dataStorage.outputs.id, service: 'table', name: 'data-table' }
      { id: vault.outputs.id, service: 'vault', name: 'vault' }
    ]
  }
}

module budget 'modules/budget.bicep' = if (monthlyBudget > 0) {
  scope: group
  params: { name: name, amount: max(monthlyBudget, 1), from: budgetFrom, emails: alertEmails }
}

// Last but for the alerts: it takes outputs of everything above, so every role is assigned before it starts.
module app 'modules/app.bicep' = {
  scope: group
  params: {
    name: '${name}-${unique}'
    location: location
    tags: allTags
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    hostStorageName: hostStorage.outputs.name
    packagesUrl: hostStorage.outputs.packagesUrl
    insightsName: name
    workspaceId: monitoring.outputs.workspaceId
    nodeVersion: nodeVersion
    instanceMemory: instanceMemory
    appRegistrationId: appRegistrationId
    zoneRedundant: zoneRedundant
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
    settings: union(monitorSettings, channelSettings, settings)
  }
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    name: name
    location: location
    tags: allTags
    workspaceId: monitoring.outputs.workspaceId
    emails: alertEmails
    silenceMinutes: silenceMinutes
    identityClientId: identity.outputs.clientId
  }
}

// Capitals: azd keeps outputs as variables; the first two and the name of the service are those that it looks for. There
// is no secret among them.
output AZURE_LOCATION string = location
output AZURE_RESOURCE_GROUP string = group.name
output SERVICE_MONITOR_NAME string = app.outputs.name
output APP_NAME string = app.outputs.name
output APP_HOST string = app.outputs.host
output IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId
output TABLES_ENDPOINT string = dataStorage.outputs.tablesUrl
output VAULT_NAME string = vault.outputs.name
output SEALS_URL string = dataStorage.outputs.sealsUrl
