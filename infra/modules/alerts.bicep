// Alerts that live outside the app, because an app that stopped cannot say so. They read the line that each run logs
// (docs/operations.md); host.json keeps those lines out of sampling.

@description('Prefix of the names.')
param name string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Workspace that the rules ask.')
param workspaceId string

@description('Who is told, by e-mail.')
param emails string[]

@description('Minutes without a run that succeeded before somebody is told.')
param silenceMinutes int

@description('Client id of the app\'s identity: it alone reads the webhook.')
param identityClientId string

// What every rule on the app's own log begins with.
var lines = '''
let lines = AppTraces
| where Message startswith "{"
| extend line = parse_json(Message)
| extend run = tostring(line.run), source = tostring(line.source), failure = tostring(line.failure);'''

var rules = [
  {
    name: 'silence'
    text: 'A run that should have succeeded did not for ${silenceMinutes} minutes: nobody is watching, or nobody is told.'
    severity: 1
    every: 5
    window: silenceMinutes
    // Begins with what is expected, so that no log at all gives a row for each.
    query: $'''
${lines}
let expected = datatable(what: string) ["poll directoryAudits", "poll signIns", "reassess", "deliver"];
expected
| where what !in ((
    lines
    | where isnotempty(run) and isempty(failure)
    | project trim(" ", strcat(run, " ", source))))
'''
  }
  {
    name: 'failures'
    text: 'A run, a request or a judgement failed several times: the line names the failure and the remedy.'
    severity: 2
    every: 15 // a rule that asks more often costs more
    window: 30
    query: $'''
${lines}
lines
| where isnotempty(failure)
| summarize failures = count() by run, source, failure
| where failures >= 3 or run in ("seal", "purge") // those run once an hour and once a day
'''
  }
  {
    name: 'failed-functions'
    text: 'A function ended several times without its end: thrown out, killed, or out of time.'
    severity: 2
    every: 15
    window: 30
    query: '''
AppRequests
| where Success == false and isempty(Url)
| summarize failures = count() by Name
| where failures >= 3
'''
  }
  {
    name: 'undelivered'
    text: 'Findings were not told: given up, without a channel, or waiting for an hour while nothing goes out.'
    severity: 1
    every: 15
    window: 60
    query: $'''
${lines}
lines
| where run == "deliver"
| summarize
    dead = sum(toint(line.dead)),
    unsent = sum(toint(line.notConfigured)),
    waiting = sum(toint(line.waiting)),
    sent = sum(toint(line.sent))
| where dead > 0 or unsent > 0 or (waiting > 0 and sent == 0)
'''
  }
  {
    name: 'coverage-lag'
    text: 'For an hour every poll began more than 6 hours back: absences are not concluded for that long.'
    severity: 2
    every: 15
    window: 60
    query: $'''
${lines}
lines
| where run == "poll"
| summarize lag = min(TimeGenerated - todatetime(line.window.from)), polls = count() by source
| where lag > 6h and polls > 3
'''
  }
  {
    name: 'secrets'
    text: 'The webhook\'s secret was changed, or read by somebody else than the app.'
    severity: 2
    every: 15
    window: 60 // these logs come late
    query: $'''
let changes = dynamic(["SecretSet", "SecretUpdate", "SecretDelete", "SecretPurge", "SecretRestore", "SecretBackup", "VaultDelete", "VaultPatch"]);
union isfuzzy=true
    (AZKVAuditLogs
    | project TimeGenerated, OperationName, who = tostring(Identity), address = CallerIpAddress),
    (AzureDiagnostics
    | where ResourceProvider == "MICROSOFT.KEYVAULT"
    | project TimeGenerated, OperationName, who = tostring(column_ifexists("identity_claim_appid_g", "")), address = CallerIPAddress)
| where OperationName in (changes) or (OperationName == "SecretGet" and who !has "${identityClientId}")
'''
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: name
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'crosscheck'
    emailReceivers: [
      for (email, i) in emails: {
        name: 'person-${i}'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource ruleOf 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: '${name}-${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'Crosscheck: ${rule.name}'
      description: rule.text
      severity: rule.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: 'PT${rule.every}M'
      windowSize: 'PT${rule.window}M'
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      autoMitigate: true
      skipQueryValidation: true // a table appears with its first row
      actions: { actionGroups: [people.id] }
    }
  }
]

// Not in the workspace: the activity log of the resource group is asked directly. Each of these takes evidence away, or
// takes away what would tell of it. A deployment of this template trips them too: that is how one sees that they work.
var changes = {
  roles: {
    text: 'Somebody was given access to the monitor or its evidence, or lost it.'
    operations: [
      'Microsoft.Authorization/roleAssignments/write'
      'Microsoft.Authorization/roleAssignments/delete'
    ]
  }
  evidence: {
    text: 'The storage of the findings or of the package was changed, its keys were listed or renewed, or a lock, a policy on the seals or a log went.'
    operations: [
      'Microsoft.Storage/storageAccounts/write'
      'Microsoft.Storage/storageAccounts/delete'
      'Microsoft.Storage/storageAccounts/listKeys/action'
      'Microsoft.Storage/storageAccounts/regenerateKey/action'
      'Microsoft.Storage/storageAccounts/blobServices/containers/delete'
      'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies/write'
      'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies/delete'
      'Microsoft.Storage/storageAccounts/tableServices/tables/delete'
      'Microsoft.Authorization/locks/delete'
      'Microsoft.Insights/diagnosticSettings/write'
      'Microsoft.Insights/diagnosticSettings/delete'
    ]
  }
  alarms: {
    text: 'An alert rule or the list of those who are told was changed or removed.'
    operations: [
      'Microsoft.Insights/scheduledQueryRules/write'
      'Microsoft.Insights/scheduledQueryRules/delete'
      'Microsoft.Insights/activityLogAlerts/write'
      'Microsoft.Insights/activityLogAlerts/delete'
      'Microsoft.Insights/actionGroups/write'
      'Microsoft.Insights/actionGroups/delete'
    ]
  }
  app: {
    text: 'The app, its settings or sign-in, or the vault with the webhook was changed.'
    operations: [
      'Microsoft.Web/sites/write'
      'Microsoft.Web/sites/delete'
      'Microsoft.Web/sites/config/write'
      'Microsoft.Web/sites/stop/action'
      'Microsoft.KeyVault/vaults/write'
      'Microsoft.KeyVault/vaults/delete'
    ]
  }
}

resource changeOf 'Microsoft.Insights/activityLogAlerts@2020-10-01' = [
  for change in items(changes): {
    name: '${name}-${change.key}'
    location: 'global'
    tags: tags
    properties: {
      enabled: true
      description: change.value.text
      scopes: [resourceGroup().id]
      condition: {
        allOf: [
          { field: 'category', equals: 'Administrative' }
          { field: 'status', equals: 'Succeeded' }
          { anyOf: map(change.value.operations, operation => { field: 'operationName', equals: operation }) }
        ]
      }
      actions: { actionGroups: [{ actionGroupId: people.id }] }
    }
  }
]
