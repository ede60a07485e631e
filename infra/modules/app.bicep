// The Function App: Flex Consumption, one app on its plan, everything by identity.

@description('Name of the app.')
param name string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Id of the app\'s identity.')
param identityId string

@description('Client id of the app\'s identity.')
param identityClientId string

@description('Name of the storage account of the host.')
param hostStorageName string

@description('Address of the container that takes the deployed package.')
param packagesUrl string

@description('Name of the Application Insights component.')
param insightsName string

@description('Workspace that takes the platform\'s log.')
param workspaceId string

@description('Version of Node.')
param nodeVersion string

@description('Memory of an instance in MB.')
param instanceMemory int

@description('Client id of the app registration that people sign in with. Empty: no sign-in yet.')
param appRegistrationId string

@description('Id of the subnet through which the app reaches storage and vault. Empty: by their public addresses.')
param subnetId string

@description('Whether the plan spreads over the zones of the region.')
param zoneRedundant bool

@description('The monitor\'s own settings, by name.')
param settings object

var hasSignIn = !empty(appRegistrationId)

// Settings of the platform. Those of the monitor come in as a parameter: see main.bicep.
var platform = {
  AzureWebJobsStorage__accountName: hostStorageName
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  AzureWebJobsDisableHomepage: 'true'
  APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
}

// Sign-in without a secret: the app registration trusts the app's identity (directory.bicep). In preview, says Microsoft.
// https://learn.microsoft.com/azure/app-service/configure-authentication-provider-aad
var signIn = {
  OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID: identityClientId
  WEBSITE_AUTH_AAD_ALLOWED_TENANTS: tenant().tenantId
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: name
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { tier: 'FlexConsumption', name: 'FC1' }
  properties: { reserved: true, zoneRedundant: zoneRedundant }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'monitor' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    // Newer regions refuse what does not apply to this plan (error 51021: ftpsState, linuxFxVersion and more), so nothing
    // but this is sent: docs/decisions/0011-what-is-sent-to-azure.md.
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
    }
    functionAppConfig: {
      runtime: { name: 'node', version: nodeVersion }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemory
        maximumInstanceCount: 40 // the least that Flex takes
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packagesUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
    }
  }

  // What stands here is all there is: a setting that was added by hand goes with the next deployment.
  resource appSettings 'config' = {
    name: 'appsettings'
    properties: union(platform, hasSignIn ? signIn : {}, settings)
  }

  resource authentication 'config' = {
    name: 'authsettingsV2'
    properties: {
      platform: { enabled: hasSignIn }
      globalValidation: {
        requireAuthentication: true
        unauthenticatedClientAction: 'RedirectToLoginPage'
        redirectToProvider: 'azureactivedirectory'
        excludedPaths: ['/api/health'] // tells anybody up or down, and no more
      }
      httpSettings: { requireHttps: true }
      login: { tokenStore: { enabled: false } }
      identityProviders: hasSignIn
        ? {
            azureActiveDirectory: {
              enabled: true
              registration: {
                clientId: appRegistrationId
                clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
                openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
              }
              validation: { allowedAudiences: [appRegistrationId] }
            }
          }
        : {}
    }
    dependsOn: [appSettings] // one change of the app at a time, or it answers 409
  }

  resource noFtpPassword 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
    dependsOn: [authentication]
  }

  resource noDeployPassword 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
    dependsOn: [noFtpPassword]
  }
}

resource appLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: app
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
  }
}

output name string = app.name
output host string = app.properties.defaultHostName
