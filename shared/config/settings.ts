import { detectorSettings } from './detectors';

/** One app setting, as the documentation and the deployment list it. */
export interface Setting {
  readonly name: string;
  readonly default?: string;
  readonly takes: string;
  readonly meaning: string;
  /** Never printed, logged or put into an output. */
  readonly isSecret?: boolean;
}

/** Every setting of the monitor but those of the detectors. */
export const SETTINGS = [
  {
    name: 'TENANT_ID',
    takes: 'the id of the tenant, a GUID',
    meaning: 'The tenant that is watched.',
  },
  {
    name: 'GRAPH_BASE_URL',
    default: 'https://graph.microsoft.com',
    takes: 'an https address without a path; http only on loopback',
    meaning: 'Where Microsoft Graph is. National clouds have their own.',
  },
  {
    name: 'GRAPH_AUTH',
    default: 'managed-identity',
    takes: 'managed-identity, azure-cli or none',
    meaning:
      'Who signs in to Graph: the identity of the app, the person of `az login`, or nobody (only with a loopback GRAPH_BASE_URL).',
  },
  {
    name: 'AZURE_CLIENT_ID',
    default: '',
    takes: 'the client id of a user-assigned identity',
    meaning: 'Which identity to use when the app has several.',
  },
  {
    name: 'GRAPH_REQUESTS_PER_10S',
    default: '5',
    takes: 'a whole number from 1 to 5',
    meaning:
      "Graph's limit per app and tenant. A function that reads one log uses two fifths of it, a command that reads both four fifths.",
  },
  {
    name: 'TABLES_ENDPOINT',
    default: '',
    takes: 'an address like https://<account>.table.core.windows.net',
    meaning: 'The storage account of the findings, opened with the identity of the app.',
  },
  {
    name: 'TABLES_CONNECTION',
    default: '',
    takes: 'UseDevelopmentStorage=true or a connection string',
    meaning: 'The same by connection string, for Azurite. Set one of the two.',
    isSecret: true,
  },
  {
    name: 'TEAMS_WEBHOOK_URL',
    default: '',
    takes: 'the address of a Teams workflow that posts webhook requests',
    meaning: 'Where alerts go. Without it they are kept and marked, and health says so.',
    isSecret: true,
  },
  {
    name: 'POLL_SCHEDULE',
    default: '0 */5 * * * *',
    takes: 'an NCRONTAB expression with seconds',
    meaning: 'When the logs are read. The platform reads it, not the app.',
  },
  {
    name: 'READING',
    default: 'on',
    takes: 'on or off',
    meaning:
      'off keeps the functions from asking for a token for Graph and from reading. For the time before the permissions are granted: a token is kept for about a day with what it had.',
  },
  {
    name: 'INITIAL_LOOKBACK',
    default: '24h',
    takes: 'a duration like 60m, 24h or 7d',
    meaning: 'How far back the very first read goes. Nothing before it is ever concluded.',
  },
  {
    name: 'LOG_RETENTION',
    default: '30d',
    takes: 'a duration like 7d or 30d',
    meaning:
      'How long Entra keeps the logs: 30 days with P1 or P2, 7 without. After a longer outage the rest is a gap.',
  },
  {
    name: 'STANDSTILL_ALARM',
    default: '3h',
    takes: 'a duration of at least 90m',
    meaning: 'When the coverage of a log has not moved for so long, somebody is told.',
  },
  {
    name: 'DIGEST_ABOVE',
    default: '10',
    takes: 'a whole number from 0 to 1000',
    meaning: 'More openings than this in one run become one card.',
  },
  {
    name: 'RETENTION_DAYS',
    default: '400',
    takes: 'a whole number from 30 to 36500',
    meaning:
      'Resolved findings that have not moved for so many days are removed, unless a hold speaks of them; open ones never.',
  },
  {
    name: 'SEAL_CONTAINER',
    default: '',
    takes: 'an address like https://<account>.blob.core.windows.net/<container>',
    meaning:
      'Where the seals are copied to, once and never again. Give the container a retention policy: docs/integrity.md.',
  },
  {
    name: 'LOG_LEVEL',
    default: 'info',
    takes: 'debug, info, warn or error',
    meaning: 'How much is logged.',
  },
] as const satisfies readonly Setting[];

export type SettingName = (typeof SETTINGS)[number]['name'];

/** Everything that can be set, detectors included. */
export function allSettings(): readonly Setting[] {
  return [...SETTINGS, ...detectorSettings()];
}
