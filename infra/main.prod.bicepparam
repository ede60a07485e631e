// Production. Values that differ from tenant to tenant come from the environment, so that none is committed.
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'prod')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param alertEmails = split(readEnvironmentVariable('ALERT_EMAILS'), ',') // required: someone must be told
param teamsWebhookUrl = readEnvironmentVariable('TEAMS_WEBHOOK_URL', '')
param appRegistrationId = readEnvironmentVariable('APP_REGISTRATION_ID', '')
