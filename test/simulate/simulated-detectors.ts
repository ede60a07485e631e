import { defineDetector } from '../../shared/domain/detector';

const COMMON = {
  version: 1,
  severity: 'info',
  attack: [],
  runbook: ['Nothing.', 'Nothing.'],
  falsePositives: [],
  blindSpots: [],
  references: [],
  settings: {},
  expects: [],
  retain: '60d',
  messages: {},
  assess: () => ({ findings: [] }),
} as const;

/** Reads by another property than the ActiveSync detector: another feed. No row of the simulation has this code. */
export const wrongPassword = defineDetector({
  ...COMMON,
  id: 'wrong-password',
  title: 'Wrong password',
  summary: 'Looks at sign-ins with a wrong password.',
  reads: [{ source: 'signIns', property: 'status/errorCode', values: [50126] }],
  signals: () => [],
});

/** Keeps every sign-in, so that a lost one shows. */
export const everySignIn = defineDetector({
  ...COMMON,
  id: 'every-sign-in',
  title: 'Every sign-in',
  summary: 'Keeps one signal of every sign-in and concludes nothing.',
  reads: [
    { source: 'signIns', property: 'clientAppUsed', values: ['Browser', 'Exchange ActiveSync'] },
  ],
  signals(record) {
    if (record.source !== 'signIns') {
      return [];
    }
    const { id, at, user } = record;
    const subject = { type: 'user' as const, id: user.id };
    return [{ key: id, source: 'signIns', eventId: id, at, subject, kind: 'sign-in', facts: {} }];
  },
});
