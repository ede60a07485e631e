/** What one file of the folder must give. */
export interface Expectation {
  /** The file, or how its name begins: every file that begins so and is not named itself. */
  readonly file: string;
  /** Per detector that is compared: what it says, or that it says nothing. */
  readonly says?: Readonly<Record<string, Said | 'silent' | 'undetermined'>>;
  readonly exit?: 0 | 1;
  /** Occurs in what is printed: the report, the reasons, the complaints. */
  readonly tells?: RegExp;
  readonly options?: { readonly asOf?: string; readonly completeFrom?: string };
}

/** One finding: `open` or `resolved (code)`, its stage, its severity when that is compared, words that must (not) occur in title and summary. */
interface Said {
  readonly status: 'open' | 'resolved';
  readonly resolution?: string;
  readonly stage?: 'alert' | 'watch';
  readonly severity?: string;
  readonly title?: RegExp;
  readonly words?: RegExp;
  readonly never?: RegExp;
}

const MFA = 'mfa-registration-unfinished';
const EAS = 'eas-success-despite-ca-failure';
const REG = 'registration-without-outcome';
const BOOTSTRAP = 'bootstrap-not-finished';

const mfa = (said: Said | 'silent' | 'undetermined'): Pick<Expectation, 'says'> => ({
  says: { [MFA]: said },
});
const eas = (said: Said | 'silent'): Pick<Expectation, 'says'> => ({ says: { [EAS]: said } });
const open = (severity?: string, more: Partial<Said> = {}): Said => ({
  ...{ status: 'open', stage: 'alert', ...more },
  ...(severity !== undefined && { severity }),
});
const resolved = (resolution: string, more: Partial<Said> = {}): Said => ({
  ...{ status: 'resolved', resolution, stage: 'alert', ...more },
});
/** The one row that is wrong is named, nothing is concluded without it, and the command fails. */
const UNREADABLE = { ...mfa('silent'), exit: 1, tells: /is not JSON/ } as const;
const SURE_SCAN = /Microsoft Authenticator|app/;

/** Transcribed from INDEX.md of the folder, in its order. */
export const NAMED: readonly Expectation[] = [
  { file: '01-flavor-authenticator/audits.json', ...mfa(open('medium')) },
  { file: '02-null-keys-dropped/audits.json', ...mfa(open()) },
  {
    file: '03-log-analytics-csv/query_data-portal.csv',
    exit: 1,
    tells: /does not tell day from month/,
  },
  { file: '03-log-analytics-csv/query_data-powershell.csv', ...mfa(open('medium')), exit: 0 },
  { file: '04-ps51-dates/', ...mfa(open('medium')), exit: 0 },
  { file: '05-convertto-json-depth2/', ...mfa('silent'), exit: 1, tells: /-Depth 10/ },
  { file: '07-require-reregister/', ...mfa(resolved('admin-reset')) },
  {
    file: '08-fido2-after-abandoned/audits.json',
    ...mfa(open('low', { words: /can sign in with a security key/i })),
  },
  {
    file: '08-fido2-after-abandoned/started-passkey-only.json', // three starts
    says: { [MFA]: 'silent', [REG]: open('low') },
  },
  { file: '09-other-method-in-interrupt-mode/sms-instead.json', ...mfa(open('low')) },
  { file: '11-code-only/open.json', ...mfa(open('medium', { never: /phone/i })) },
  { file: '13-single-row-export/', ...mfa('undetermined'), tells: /--complete-from/ },
  {
    file: '13-single-row-export/first-row-then-others.json',
    options: { completeFrom: '2026-02-01T00:00:00Z' },
    ...mfa(open()),
  },
  {
    file: '13-single-row-export/audits.json',
    options: { completeFrom: '2026-02-01T00:00:00Z', asOf: '2026-03-02T12:00:00Z' },
    ...mfa(open()),
  },
  { file: '14-containers/elastic-event-original.ndjson', ...mfa(open('medium')), exit: 0 },
  { file: '14-containers/graph-batch.json', ...mfa(open('medium')), exit: 0 },
  { file: '14-containers/log-analytics-query-api.json', ...mfa(open('medium')), exit: 0 },
  { file: '14-containers/logstash-message.ndjson', ...mfa(open('medium')), exit: 0 },
  { file: '14-containers/splunk-', ...mfa(open('medium')), exit: 0 },
  { file: '14-containers/wazuh-alert-data.ndjson', ...mfa(open('medium')), exit: 0 },
  {
    file: '14-containers/la-TimeGenerated-only.json',
    ...mfa('silent'),
    exit: 1,
    tells: /lacks ActivityDateTime.*add it/,
  },
  {
    file: '14-containers/la-projected-no-Id.json',
    ...mfa('silent'),
    exit: 1,
    tells: /lacks Id.*add it/,
  },
  { file: '14-containers/capture.avro', exit: 1, tells: /is Avro.*avro-tools tojson.*PT1H\.json/ },
  {
    file: '15-malformed-page-tail/page.json',
    ...mfa(open('medium')),
    exit: 1,
    tells: /ends in the middle of a record/,
  },
  {
    file: '20-eas/defender-AADSignInEventsBeta.json',
    ...eas('silent'),
    exit: 1,
    tells: /of the table AADSignInEventsBeta/,
  },
  { file: '20-eas/eventhub-numeric.ndjson', ...eas(open()), exit: 0 },
  { file: '30-mfa/admin-registered-tap.json', ...mfa(open('medium')) },
  { file: 'R17-tap-bootstrap.json', ...mfa(open('high')) },
  { file: '30-mfa/app-name-new.json', ...mfa(open()) },
  { file: '30-mfa/app-null-but-SPN-prop.json', ...mfa(open()) },
  { file: '30-mfa/double-encoded.json', ...mfa(open()) },
  { file: '30-mfa/entry-result-missing.json', ...mfa(open()) },
  { file: '30-mfa/device-id-case.json', ...mfa('silent') },
  { file: '30-mfa/reg-id-uppercase.json', ...mfa('silent') },
  { file: '30-mfa/reg-target-without-id-upn-case.json', ...mfa('silent') },
  { file: '30-mfa/reg-reason-empty.json', ...mfa('silent') },
  { file: '30-mfa/reg-reason-null.json', ...mfa('silent') },
  { file: '30-mfa/reg-result-missing.json', ...mfa('silent') },
  { file: 'R5-generic-reason.json', ...mfa('silent') },
  { file: '30-mfa/reg-software-oath.json', ...mfa('silent') },
  { file: '30-mfa/reg-third-party-software-oath.json', ...mfa('silent') },
  { file: 'R10-oath.json', ...mfa('silent') },
  { file: '30-mfa/registered-Fido.json', ...mfa(open('low')) },
  { file: 'R6a-fido.json', ...mfa(open('low')) },
  { file: 'R21-whfb.json', ...mfa(open('low')) },
  { file: 'R20-passkey-in-app.json', ...mfa('silent') },
  { file: '30-mfa/passkey-in-authenticator-done.json', ...mfa('silent') },
  { file: '30-mfa/per-user-mfa-passwordless.json', ...mfa('silent') },
  { file: '30-mfa/user-deleted-by-admin-Delete-user.json', ...mfa(resolved('user-deleted')) },
  { file: 'R8-user-deleted.json', ...mfa(resolved('user-deleted')) },
  {
    file: '30-mfa/user-deleted-new-wording.json',
    ...mfa(resolved('deleted', { title: /^(?!.*\bverified\b)/i })),
  },
  { file: '30-mfa/user-changed-default.json', ...mfa(open()) },
  { file: '30-mfa/user-updated-security-info.json', ...mfa(open()) },
  { file: 'R1b-flavor.json', ...mfa(open('medium')) },
  { file: 'R2-migration.json', ...mfa(open('high')) },
  { file: 'R2b-migration-later.json', ...mfa(open('high')) },
  { file: 'R3-admin-deletes-old.json', ...mfa(open('high')) },
  { file: 'R4-pim.json', ...mfa(open('medium', { never: /They hold/ })) },
  { file: 'R14-migration-core-row-only.json', ...mfa(open('high')) },
  { file: 'R15-sms-added-and-deleted.json', ...mfa(open('medium')) },
  { file: 'R18-app-password.json', ...mfa(open('medium')) },
  { file: 'R19-email-only.json', ...mfa(open('medium')) },
  { file: 'R6b-sms-allrequired.json', ...mfa(open('low')) },
  {
    file: 'R7-passkey-started.json',
    options: { asOf: '2026-07-12T00:00:00Z' },
    says: { [MFA]: 'silent', [REG]: open('low') },
  },
  {
    // The log goes on for more than seven quiet days, after which such a finding ends.
    file: 'R7-passkey-started.json',
    says: { [MFA]: 'silent', [REG]: resolved('quiet', { severity: 'low' }) },
  },
  { file: 'R9-nodevice.json', ...mfa(open('medium', { words: SURE_SCAN, never: /\bphone\b/i })) },
  {
    file: 'R22-reregister-never-done.json',
    says: { [MFA]: 'silent', [BOOTSTRAP]: open('medium') },
  },
  { file: '30-mfa/truncated-value.json', ...UNREADABLE },
  { file: '30-mfa/value-not-json-old-new.json', ...UNREADABLE },
];

/** "Every other file gives the right answer today and must keep it": what they gave when the folder was made. */
export const RIGHT_BEFORE: readonly Expectation[] = [
  { file: '01-flavor-authenticator/control-flavor-null.json', ...mfa(open('medium')) },
  { file: '02-null-keys-dropped/control-nulls-kept.json', ...mfa(open('medium')) },
  { file: '03-log-analytics-csv/control-same-rows.json', ...mfa(open('medium')) },
  { file: '09-other-method-in-interrupt-mode/authenticator-done.json', ...mfa('silent') },
  {
    file: '09-other-method-in-interrupt-mode/control-without-all-required.json',
    ...mfa(open('low')),
  },
  { file: '10-phone-number-only/', ...mfa('silent') },
  { file: '11-code-only/done.json', ...mfa('silent') },
  { file: '12-routine-version/', ...mfa('silent') },
  ...[
    ...['PT1H.json', 'PT1H.json.gz', 'az-monitor-query.json', 'eventhub-records.json'],
    ...['graph-minimal-metadata.json', 'la-export-blob-lowercase-envelope.ndjson'],
    ...['mes-append.json', 'utf16.json'],
  ].map((name) => ({ file: `14-containers/${name}`, ...mfa(open('medium')) })),
  ...[
    ...['77476-success-failure', 'azuread-module', 'duplicate-id-two-policies'],
    ...['errorcode-string', 'exchange-activesync-oauth', 'loganalytics-signinlogs', 'mg-pascal'],
    ...['noninteractive', 'policies-null', 'republished'],
  ].map((name) => ({ file: `20-eas/${name}.json`, ...eas(open('medium')) })),
  { file: '20-eas/grant-controls-names.json', ...eas(open('low')) },
  ...[
    ...['blocked-53003', 'legacy-other-clients', 'notApplied', 'other-clients-imap'],
    ...['outlook-mobile-eas-appname', 'reportonly-status', 'status-success-but-policy-failed'],
    'status-unknownFuture',
  ].map((name) => ({ file: `20-eas/${name}.json`, ...eas('silent') })),
  ...[
    ...['activity-Update-user-dot', 'all-required-dot', 'duplicate-rows'],
    ...['flavor-null-to-Authenticator', 'initiated-by-user-registered-by-self'],
    ...['method-by-service-only', 'migration-same-token-new-id', 'outlook-lite-done'],
    ...['reg-german', 'reg-new-wording-microsoft-authenticator', 'reg-result-Success-capital'],
    ...['reg-service-AzureMFA', 'reg-target-without-id', 'second-device-used-later'],
    ...['single-update-with-both-props', 'token-refresh-same-id'],
  ].map((name) => ({ file: `30-mfa/${name}.json`, ...mfa('silent') })),
  ...['admin-deleted-authmethod', 'admin-deleted-newwording'].map((name) => ({
    file: `30-mfa/${name}.json`,
    ...mfa(resolved('admin-reset')),
  })),
  ...[
    ...['crlf-indented', 'failed-to-register-success-result', 'old-empty-quoted', 'old-null'],
    'value-arrays-not-strings',
  ].map((name) => ({ file: `30-mfa/${name}.json`, ...mfa(open('medium')) })),
  ...[
    ...['cancelled-row-A-then-nothing', 'method-preexisting-second-device-no-am-rows'],
    ...['reg-sms-only-finding-low', 'reinstall-new-token-new-id'],
  ].map((name) => ({ file: `30-mfa/${name}.json`, ...mfa(open('low')) })),
  { file: 'R11-cancel.json', ...mfa(open('low')) },
  { file: 'R12-removed.json', ...mfa('silent') },
  { file: 'R23-retried.json', ...mfa('silent') },
  { file: 'R6c-sms.json', ...mfa(open('low')) },
  { file: 'R1a-null.json', ...mfa(open('medium')) },
];
