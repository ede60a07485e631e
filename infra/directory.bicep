// What only an administrator of the directory can give: permission to read the logs, and sign-in for people. For a
// Privileged Role Administrator or Global Administrator; needs Bicep 0.36 or newer. Deploy it into any resource group,
// nothing is made there. Whoever cannot use the extension runs directory.sh: it does the same, and the two can follow
// each other.

extension microsoftGraphV1

@description('Part of the name of the app registration, as in main.bicep.')
param environmentName string

@description('Object id of the app\'s identity: output IDENTITY_PRINCIPAL_ID of main.bicep.')
param identityPrincipalId string

@description('Host name of the app: output APP_HOST of main.bicep.')
param appHost string

@description('Object ids of users or groups who may read findings.')
param auditors string[] = []

@description('Object ids of users or groups who may also acknowledge, resolve and resend.')
param operators string[] = []

// What the monitor may read, and why: docs/permissions.md.
var permissions = ['AuditLog.Read.All', 'Directory.Read.All', 'Policy.Read.All']

// The same ids as in directory.sh.
var auditorRole = '792320dc-d31d-4196-b798-d9a7e03565d0'
var operatorRole = '67212548-00fa-41e4-8631-30ec04540240'
var userScope = '5f0d4d1c-8e0b-4a53-9a0e-6a0f5c2f7d11'
// Microsoft's own id of the Azure command line, the same in every tenant.
var azureCli = '04b07795-8ddb-461a-bbee-02f9e1bf7b46'

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: '00000003-0000-0000-c000-000000000000'
}

// By name: the ids of these permissions differ between clouds.
resource mayRead 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [
  for permission in permissions: {
    principalId: identityPrincipalId
    resourceId: graph.id
    appRoleId: filter(
      graph.appRoles,
      role => role.value == permission && contains(role.allowedMemberTypes, 'Application')
    )[0].id
  }
]

resource registration 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: 'crosscheck-${environmentName}'
  displayName: 'Crosscheck ${environmentName}'
  signInAudience: 'AzureADMyOrg'
  // With the id of the tenant in it, which directories that restrict identifiers still take.
  identifierUris: ['api://${tenant().tenantId}/crosscheck-${environmentName}']
  // So that a person's command line gets a token for the API: az account get-access-token, see docs/auditor.md.
  api: {
    requestedAccessTokenVersion: 2
    oauth2PermissionScopes: [
      {
        id: userScope
        value: 'user_impersonation'
        type: 'User'
        adminConsentDisplayName: 'Use Crosscheck as the signed-in person'
        adminConsentDescription: 'Reads and decides findings with the roles of the signed-in person.'
        isEnabled: true
      }
    ]
    preAuthorizedApplications: [{ appId: azureCli, delegatedPermissionIds: [userScope] }]
  }
  web: {
    redirectUris: ['https://${appHost}/.auth/login/aad/callback']
    implicitGrantSettings: { enableIdTokenIssuance: true } // the sign-in in front of the app asks for one
  }
  appRoles: [
    {
      id: auditorRole
      value: 'Auditor'
      displayName: 'Auditor'
      description: 'Reads findings, their evidence and history.'
      allowedMemberTypes: ['User']
      isEnabled: true
    }
    {
      id: operatorRole
      value: 'Operator'
      displayName: 'Operator'
      description: 'Reads, and acknowledges, resolves and resends.'
      allowedMemberTypes: ['User']
      isEnabled: true
    }
  ]

  // The app proves who it is with its identity, so there is no secret to keep or renew.
  resource trust 'federatedIdentityCredentials' = {
    name: 'crosscheck-${environmentName}/app-identity'
    description: 'Sign-in in front of the app'
    issuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
    subject: identityPrincipalId
    audiences: ['api://AzureADTokenExchange']
  }
}

resource principal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: registration.appId
  appRoleAssignmentRequired: true // who is not assigned a role gets no token at all
}

// Where assignment is required people cannot consent for themselves, so their sign-in is consented to here: who they
// are, and nothing else.
resource consent 'Microsoft.Graph/oauth2PermissionGrants@v1.0' = {
  clientId: principal.id
  consentType: 'AllPrincipals'
  resourceId: graph.id
  scope: 'openid profile email'
}

resource auditor 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [
  for person in auditors: {
    principalId: person
    resourceId: principal.id
    appRoleId: auditorRole
  }
]

resource operator 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [
  for person in operators: {
    principalId: person
    resourceId: principal.id
    appRoleId: operatorRole
  }
]

@description('Give it to main.bicep as appRegistrationId.')
output APP_REGISTRATION_ID string = registration.appId
