// Production. Values that differ from tenant to tenant come from the environment, so that none is committed.
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'prod')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param alertEmails = split(readEnvironmentVariable('ALERT_EMAILS'), ',') // required: someone must be told
param channel = readEnvironmentVariable('ALERT_CHANNEL', 'teams') // or none: findings are kept and nobody is told
param teamsWebhookUrl = readEnvironmentVariable('TEAMS_WEBHOOK_URL', '')
param appRegistrationId = readEnvironmentVariable('APP_REGISTRATION_ID', '')
param dataReplication = readEnvironmentVariable('DATA_REPLICATION', 'Standard_ZRS') // Standard_GRS in a region without zones
param sealsLocked = bool(readEnvironmentVariable('SEALS_LOCKED', 'false'))
