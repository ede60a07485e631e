// A trial: the cheapest that works, and nothing that outlives its resource group for long.
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'dev')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param alertEmails = split(readEnvironmentVariable('ALERT_EMAILS'), ',') // required: someone must be told
param channel = readEnvironmentVariable('ALERT_CHANNEL', 'teams') // or none: findings are kept and nobody is told
param teamsWebhookUrl = readEnvironmentVariable('TEAMS_WEBHOOK_URL', '')
param appRegistrationId = readEnvironmentVariable('APP_REGISTRATION_ID', '')
param dataReplication = 'Standard_LRS'
param sealDays = 1
param logRetentionDays = 30
param logDailyCapGb = 1
param auditTables = false
param lockData = false
param purgeProtection = false
param vaultRecoverableDays = 7
