import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DETECTORS } from '../../shared/detectors/index';
import type { Detector } from '../../shared/domain/detector';
import { analyzeFiles } from '../fakes/analyze-files';
import { at, play, type Row } from './play';

const EXAMPLES = join(__dirname, '..', '..', 'examples');
const textOf = (file: string): string => readFileSync(join(EXAMPLES, file), 'utf8');
const rowsOf = (files: readonly string[]): Row[] =>
  files.flatMap((file) => JSON.parse(textOf(file)) as Row[]);
const AUDITS = rowsOf([
  'audit-logs.json',
  'passkey-attempts.json',
  'pass-unused.json',
  'group-migration.json',
  'asked-again-audits.json',
]);
const SIGN_INS = [
  ...textOf('sign-ins.ndjson')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row),
  ...rowsOf(['guessed-password.json', 'asked-again-sign-ins.json']),
];

const timesOf = (rows: readonly Row[], property: string): string[] =>
  rows.map((row) => at(row[property] as string)).sort();

describe('examples', () => {
  it('of the logs come to exactly seven findings', () => {
    const [audits, signIns] = [
      timesOf(AUDITS, 'activityDateTime'),
      timesOf(SIGN_INS, 'createdDateTime'),
    ];
    // What needs both logs is told at the end of the sign-ins, which lie two years before most audit rows.
    const until = { audits: audits.at(-1)!, signIns: signIns.at(-1)! };
    const needsSignIns = (detector: Detector): boolean =>
      detector.needs.some(({ source }) => source === 'signIns');

    const played = DETECTORS.map((detector) =>
      play(detector, [...AUDITS, ...SIGN_INS], {
        from: audits[0]!,
        until: needsSignIns(detector) ? until.signIns : until.audits,
      }),
    );

    expect(played.flatMap((each) => each.malformed)).toEqual([]);
    expect(
      played.flatMap((each) => each.said).filter((each) => each.state !== 'disproved'),
    ).toEqual([
      expect.objectContaining({
        state: 'open',
        severity: 'medium',
        message: 'pass-not-followed',
        evidence: ['Authentication Methods_00000000-0000-4000-8000-000000000403_EXMPL_400000003'],
      }),
      expect.objectContaining({
        state: 'open',
        severity: 'medium',
        anchor: 'android|2021-06',
        evidence: ['73ceb107-3015-496e-9715-1882316c7301'],
      }),
      expect.objectContaining({
        ...{ state: 'open', severity: 'medium', message: 'stuck' },
        evidence: [
          'Directory_00000000-0000-4000-8000-000000000406_EXMPL_400000006',
          'Directory_00000000-0000-4000-8000-000000000411_EXMPL_400000011',
        ],
      }),
      expect.objectContaining({
        state: 'open',
        severity: 'medium',
        anchor: 'device:6ce10fca-fb88-4109-95e4-66d27c3e9f6d',
        evidence: ['Directory_c653c0e4-91d1-454d-ade9-dd076c6a975f_EXMPL_000000005'],
      }),
      expect.objectContaining({
        state: 'open',
        severity: 'low',
        anchor: 'passkey|2023-08-08',
        count: 13,
      }),
      expect.objectContaining({
        ...{ subject: '00000000-0000-4000-8000-000000000033', state: 'open', severity: 'medium' },
        ...{ message: 'admin-sspr', count: 4 },
      }),
      expect.objectContaining({
        ...{ subject: '00000000-0000-4000-8000-000000000031', state: 'open', severity: 'high' },
        ...{ message: 'guessed', count: 24 },
      }),
    ]);
  });

  it('of the directory come to two more', async () => {
    const { findings, incomplete, unreadable, warnings } = await analyzeFiles([EXAMPLES]);

    expect([incomplete, unreadable, warnings]).toEqual([[], [], []]);
    expect(findings.filter(({ subject }) => subject.type === 'address')).toEqual([
      expect.objectContaining({
        ...{ message: 'guest-holds', severity: 'medium' },
        subject: { type: 'address', id: 'tmcmichael@domain.org' },
      }),
      expect.objectContaining({
        ...{ message: 'wanted', severity: 'medium' },
        subject: { type: 'address', id: 'upntest@domain.net' },
      }),
    ]);
    expect(findings).toHaveLength(9);
  });

  it('hold no push token but the fake one', () => {
    const tokens = textOf('audit-logs.json').match(/apns2-[0-9a-z]+/g) ?? [];

    expect(new Set(tokens)).toEqual(new Set([`apns2-${'0'.repeat(64)}`]));
  });
});
