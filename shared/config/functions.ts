/** The timers that are deployed, and by what each is known in the line of its runs. Another function is a `request`. */
export const RUNS: Readonly<Record<string, { readonly run: string; readonly source?: string }>> = {
  pollDirectoryAudits: { run: 'poll', source: 'directoryAudits' },
  pollSignIns: { run: 'poll', source: 'signIns' },
  reassessDue: { run: 'reassess' },
  deliverAlerts: { run: 'deliver' },
  sealRecord: { run: 'seal' },
  purgeExpired: { run: 'purge' },
};
