import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readRow } from '../../shared/adapters/rows/read-row';
import { DETECTORS } from '../../shared/detectors/index';
import { parseSetting, type Detector } from '../../shared/domain/detector';
import { isTallied } from '../../shared/domain/reading/tally';
import type { MissedRow } from '../../shared/domain/record';
import { wantedBy } from '../../shared/pipeline/findings/select';
import { missedBy } from '../../shared/pipeline/reading/unreadable';
import { STORIES as BOOTSTRAP } from '../detectors/bootstrap-not-finished.stories';
import { STORIES as EAS } from '../detectors/eas-success-despite-ca-failure.stories';
import { STORIES as GROUPS } from '../detectors/group-migration-leftover.stories';
import { STORIES as MFA } from '../detectors/mfa-registration-unfinished.stories';
import { STORIES as WITHOUT_OUTCOME } from '../detectors/registration-without-outcome.stories';
import { STORIES as PROMPT_LOOP } from '../detectors/security-info-prompt-loop.stories';
import { STORIES as LOCKOUT } from '../detectors/smart-lockout-overshoot.stories';
import { read, sourceOf, timelinesOf, type Row, type Story } from '../detectors/play';
import { STORIES as GUEST } from '../detectors/guest-proxy-address-conflict.stories';
import { STORIES as RESERVED } from '../detectors/upn-proxy-address-reserved.stories';
import { recordsOf, type DirectoryStory } from '../detectors/rounds';

const ROOT = join(__dirname, '..', '..');
const FILES = readdirSync(join(ROOT, 'shared', 'detectors'))
  .filter((file) => file.endsWith('.ts') && !['index.ts', 'not-followed-by.ts'].includes(file))
  .map((file) => file.slice(0, -'.ts'.length))
  .sort();

/** The stories of each detector's test. A new detector adds its own here. */
const STORIES: Readonly<Record<string, readonly Story<unknown>[]>> = {
  'bootstrap-not-finished': BOOTSTRAP,
  'eas-success-despite-ca-failure': EAS,
  'group-migration-leftover': GROUPS,
  'mfa-registration-unfinished': MFA,
  'registration-without-outcome': WITHOUT_OUTCOME,
  'security-info-prompt-loop': PROMPT_LOOP,
  'smart-lockout-overshoot': LOCKOUT,
};

/** The same of those that read the directory, whose stories are told in rounds. */
const DIRECTORY_STORIES: Readonly<Record<string, readonly DirectoryStory<unknown>[]>> = {
  'guest-proxy-address-conflict': GUEST,
  'upn-proxy-address-reserved': RESERVED,
};

const BY_ID = DETECTORS.map((detector) => ({ id: detector.id, detector }));

describe('house/detectors', () => {
  it('the register lists the files of the folder, each once, in order', () => {
    expect(DETECTORS.map((detector) => detector.id)).toEqual(FILES);
  });

  it('every detector exports its stories to this test', () => {
    expect([...Object.keys(STORIES), ...Object.keys(DIRECTORY_STORIES)].sort()).toEqual(FILES);
  });

  it.each(BY_ID)('$id has a test of the same name', ({ id }) => {
    expect(existsSync(join(ROOT, 'test', 'detectors', `${id}.test.ts`))).toBe(true);
  });

  it.each(BY_ID)('$id has titles that fit on a card', ({ detector }) => {
    const titles = [detector.title, ...Object.values(detector.messages).map((each) => each.title)];

    for (const title of titles) {
      expect(title.length).toBeLessThanOrEqual(60);
      expect(title).toMatch(/^[A-Z][^\n]*[^.\s]$/);
    }
  });

  it.each(BY_ID)('$id says what people need to know', ({ detector }) => {
    const { runbook, falsePositives, blindSpots, references, attack } = detector;

    for (const list of [runbook, falsePositives, blindSpots, references, attack]) {
      expect(list.length).toBeGreaterThan(0);
      expect(new Set(list).size).toBe(list.length);
    }
    expect(attack.every((id) => /^T\d{4}(\.\d{3})?$/.test(id))).toBe(true);
    expect(runbook.join(' ')).toContain('{first seen}');
  });

  it.each(BY_ID)('$id names no property of a finding where people read', ({ detector }) => {
    const { title, summary, runbook, falsePositives, blindSpots, messages, expects } = detector;
    const titles = Object.values(messages).map((each) => each.title);
    const otherwise = expects.map((each) => each.otherwise);

    for (const text of [
      title,
      summary,
      titles,
      runbook,
      falsePositives,
      blindSpots,
      otherwise,
    ].flat()) {
      expect(text).not.toMatch(/\b(first|last)SeenAt\b|\b(opened|resolved)At\b|completeTo|eventId/);
    }
  });

  it.each(BY_ID)('$id has defaults that its own settings accept', ({ detector }) => {
    for (const spec of Object.values(detector.settings)) {
      expect(parseSetting(spec, spec.default)).not.toBe(0);
    }
  });

  it.each(BY_ID)('$id reads each value once', ({ detector }) => {
    const values = detector.reads.flatMap(({ source, property, values }) =>
      values.map((value) => `${source} ${property} ${value}`.toLowerCase()),
    );

    expect(new Set(values).size).toBe(values.length);
  });

  it.each(BY_ID)('$id asks for every row that yields a signal', ({ id, detector }) => {
    const missed = (STORIES[id] ?? []).flatMap(({ story }) =>
      story.filter((row) => yieldsSignal(detector, row) && !isAskedFor(detector, row)),
    );

    expect(missed).toEqual([]);
  });

  // Who may go on concluding although a row cannot be read is told by whom the row names: nobody else may need it.
  it.each(BY_ID)(
    '$id has no signal elsewhere than where a lost row is missed',
    ({ id, detector }) => {
      const rows = (STORIES[id] ?? []).flatMap(({ story }) => story);

      const elsewhere = rows.flatMap((row) => {
        const missedOf = [failedOn(detector, row), unreadable(detector, row)].flatMap(
          (missed) => missed?.subject?.id ?? [],
        );
        const left = timelinesOf(detector, [row])
          .map(({ timeline }) => timeline.subject)
          .filter((subject) => !isTallied(subject));
        return missedOf.flatMap((missed) =>
          left
            .filter((subject) => subject.id !== missed)
            .map((subject) => ({ missed, subject, row })),
        );
      });

      expect(elsewhere).toEqual([]);
    },
  );

  it.each(BY_ID)('$id gets a signal from every value it asks for', ({ id, detector }) => {
    const rows = (STORIES[id] ?? []).flatMap(({ story }) => story);

    for (const { prefix: _loose, ...read } of detector.reads) {
      for (const value of read.source === 'directoryObjects' ? [] : read.values) {
        const only: Detector = { ...detector, reads: [{ ...read, values: [value] }] };
        const found = rows.some((row) => yieldsSignal(detector, row) && isAskedFor(only, row));
        expect({ value, found }).toEqual({ value, found: true });
      }
    }
  });
});

describe('house/detectors, of the directory', () => {
  it.each(Object.entries(DIRECTORY_STORIES))(
    '%s gets a signal from every collection',
    (id, told) => {
      const detector = DETECTORS.find((each) => each.id === id)!;
      const records = told.flatMap(recordsOf).filter((each) => detector.signals(each).length > 0);

      expect([...new Set(records.map(({ collection }) => collection))].sort()).toEqual(
        detector.reads.flatMap(({ values }) => values).sort(),
      );
    },
  );
});

function yieldsSignal(detector: Detector, row: Row): boolean {
  const source = sourceOf(row);
  const result = readRow(source, row, { isWanted: () => true });
  return 'record' in result && detector.signals(result.record).length > 0;
}

/** What is missed where the detector fails on the row. */
function failedOn(detector: Detector, row: Row): MissedRow | undefined {
  const [record] = read(detector, [row]).records;
  return record && missedBy(record, detector.id);
}

/** What is missed where part of the row is spoilt. */
function unreadable(detector: Detector, row: Row): MissedRow | undefined {
  const spoilt = { ...row, result: 0, conditionalAccessStatus: {} };
  return read(detector, [spoilt]).malformed[0]?.missed;
}

function isAskedFor(detector: Detector, row: Row): boolean {
  const source = sourceOf(row);
  return 'record' in readRow(source, row, wantedBy([detector], source));
}
