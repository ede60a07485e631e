/** The functions that are deployed, with what starts each: a timer, or the route of a door. */
export const FUNCTIONS = {
  pollDirectoryAudits: 'timerTrigger',
  pollSignIns: 'timerTrigger',
  reassessDue: 'timerTrigger',
  deliverAlerts: 'timerTrigger',
  sealDay: 'timerTrigger',
  purgeExpired: 'timerTrigger',
  elsewhere: 'api/{*rest}',
  export: 'api/export',
  finding: 'api/findings/{id}',
  findings: 'api/findings',
  coverage: 'api/coverage',
  health: 'api/health',
  openapi: 'api/openapi.json',
  resend: 'api/alerts/{id}/resend',
  stats: 'api/stats',
  status: 'api/status',
  transitions: 'api/findings/{id}/transitions',
  verify: 'api/verify',
} as const;

/** By what each timer is known in the line of its runs; an HTTP function is a `request`. */
export const RUNS: Readonly<Record<string, { readonly run: string; readonly source?: string }>> = {
  pollDirectoryAudits: { run: 'poll', source: 'directoryAudits' },
  pollSignIns: { run: 'poll', source: 'signIns' },
  reassessDue: { run: 'reassess' },
  deliverAlerts: { run: 'deliver' },
  sealDay: { run: 'seal' },
  purgeExpired: { run: 'purge' },
};
