import { memoryStores } from '../../../shared/adapters/memory/memory-stores';
import { readRow } from '../../../shared/adapters/rows/read-row';
import { configureDetectors } from '../../../shared/config/detectors';
import type { Interval } from '../../../shared/domain/reading/coverage';
import { timelineId, type Finding } from '../../../shared/domain/findings/finding';
import { isOpen } from '../../../shared/domain/reading/quarantine';
import { coveringFor } from '../../../shared/domain/reading/source-state';
import type { EntraRecord, Malformed } from '../../../shared/domain/record';
import { DAY, HOUR, MINUTE, justAfter, plus, type Instant } from '../../../shared/domain/time';
import { acceptRow } from '../../../shared/pipeline/reading/accept-row';
import { analyze } from '../../../shared/pipeline/analyze';
import type {
  ExportedRow,
  ExportPage,
  SkippedRow,
} from '../../../shared/pipeline/queries/export-tally';
import { drainMarks, type AssessReport } from '../../../shared/pipeline/findings/assess';
import { backfillSource } from '../../../shared/pipeline/backfill';
import { coverageReport } from '../../../shared/pipeline/queries/coverage-report';
import { health } from '../../../shared/pipeline/queries/health';
import { KnownSignals } from '../../../shared/pipeline/reading/known-signals';
import { pollSource } from '../../../shared/pipeline/poll';
import type { RecordSource } from '../../../shared/pipeline/ports/record-source';
import type { Stores } from '../../../shared/pipeline/ports/stores';
import type { Reader } from '../../../shared/pipeline/reading/read-source';
import { listRules } from '../../../shared/pipeline/findings/rules';
import { secondLook } from '../../../shared/pipeline/reading/second-look';
import { hearOfRows } from '../../../shared/pipeline/reading/unreadable';
import { wantedBy } from '../../../shared/pipeline/findings/select';
import { collect } from '../../contracts/samples';
import { VirtualClock } from '../../fakes/clock';
import { shapesOfVerification, verificationRow } from '../../fakes/unreadable';
import { FEED } from '../../fakes/cover';
import { marked } from '../../fakes/marked';

type Row = Record<string, unknown>;
const TENANT = 't';
const detectors = configureDetectors({});
const enabled = detectors.map(({ detector }) => detector);
const audits = wantedBy(enabled, 'directoryAudits');

const NOON = '2026-03-02T12:00:00.0000000Z' as Instant;
const at = (minutes: number): Instant => plus(NOON, minutes * MINUTE);
/** Long enough after noon that absence is concluded, and before that hour is read again. */
const AFTERNOON = at(184);

/** The code is scanned: without a verified row within the hour that is a finding. */
function scanned(user: string, minutes = 0): Row {
  const device = { Id: `phone-${user}`, DeviceName: 'Phone', AuthenticatorFlavor: null };
  return {
    ...verificationRow(user, at(minutes), `scanned-${user}`),
    activityDisplayName: 'Update user',
    resultReason: '',
    initiatedBy: { app: { displayName: 'Azure MFA StrongAuthenticationService' } },
    targetResources: [
      {
        id: user,
        type: 'User',
        userPrincipalName: `${user}@contoso.com`,
        modifiedProperties: [
          {
            displayName: 'StrongAuthenticationPhoneAppDetail',
            oldValue: '[]',
            newValue: JSON.stringify([device]),
          },
        ],
      },
    ],
  };
}

const verified = (user: string, minutes = 5): Row => verificationRow(user, at(minutes));
const cut = (row: Row): Row => ({ ...row, result: 0 });

/** A log whose rows may change from read to read, read by the real reader. */
function log(first: readonly Row[], alone: readonly Row[]) {
  let rows = first;
  const source: RecordSource = {
    async *read(window: Interval, wanted) {
      const records: EntraRecord[] = [];
      const malformed: Malformed[] = [];
      for (const row of wanted.about === undefined ? rows : [...rows, ...alone]) {
        const time = String(row['activityDateTime']);
        const isInside = !time.endsWith('Z') || (time >= window.from && time < window.to);
        if (
          !isInside ||
          (wanted.about !== undefined && !JSON.stringify(row).includes(wanted.about))
        ) {
          continue;
        }
        const read = readRow('directoryAudits', row, audits);
        if ('malformed' in read) {
          malformed.push(read.malformed);
        } else if (read.record !== undefined) {
          records.push(read.record);
        }
      }
      const seen = records.map(({ id, at: when, source }) => ({
        id,
        at: when,
        feeds: [FEED[source]],
      }));
      yield await Promise.resolve({ rows: rows.length, records, malformed, seen });
    },
  };
  return {
    source,
    show: (next: readonly Row[]) => {
      rows = next;
    },
  };
}

/** @param alone shown only to who asks for one subject. */
function watch(first: readonly Row[], alone: readonly Row[] = []) {
  const stores = memoryStores();
  const clock = new VirtualClock(AFTERNOON);
  const shown = log(first, alone);
  const reader: Reader = {
    ...{ source: 'directoryAudits', tenantId: TENANT, detectors, records: shown.source },
    ...{ stores, clock, initialLookback: DAY },
  };
  const look = secondLook({
    ...{ tenantId: TENANT, stores, clock, budget: HOUR },
    sourceOf: () => Promise.resolve(shown.source),
  });
  async function poll(isLooking = false): Promise<AssessReport> {
    const options = isLooking ? { secondLook: look } : {};
    return (await pollSource(reader, options)).assessed;
  }
  return { stores, clock, reader, poll, show: shown.show };
}

const findingsIn = (stores: Stores): Promise<readonly Finding[]> => collect(stores.findings.all());
async function openIn(stores: Stores): Promise<readonly string[]> {
  const open = (await findingsIn(stores)).filter(({ status }) => status === 'open');
  return open.map(({ subject }) => subject.id).sort();
}

describe('a verification row that cannot be read is no absence', () => {
  const shapes = shapesOfVerification('ann', at(5));

  it.each(shapes)('live: $shape', async ({ row, is }) => {
    const { poll, stores } = watch([scanned('ann'), row]);

    const { undetermined } = await poll();

    expect(await openIn(stores)).toEqual(is === 'of unknown kind' ? ['ann'] : []);
    expect(undetermined).toHaveLength(is === 'missed' ? 1 : 0);
  });

  it.each(shapes)('in an export: $shape', async ({ row, is }) => {
    const { gaps, findings, undetermined } = await exported([scanned('ann'), row]);

    expect(findings.filter(({ status }) => status === 'open')).toHaveLength(
      is === 'of unknown kind' ? 1 : 0,
    );
    expect(undetermined).toHaveLength(is === 'missed' ? 1 : 0);
    expect(gaps).toHaveLength(is === 'missed' ? 1 : 0);
  });

  it('says in plain words why nothing can be told', async () => {
    const { undetermined } = await watch([scanned('ann'), cut(verified('ann'))]).poll();

    expect(undetermined[0]?.what).toContain(
      '; a row of 2026-03-02 12:05 UTC about this person could not be read',
    );
  });

  it('is a gap of its person alone', async () => {
    const { poll, stores } = watch([scanned('ann'), scanned('ben'), cut(verified('ann'))]);

    await poll();

    expect(await openIn(stores)).toEqual(['ben']);
  });

  it('is a gap of everybody when it names nobody', async () => {
    const nobody = { ...verified('ann'), targetResources: 'x', initiatedBy: null };
    const { poll, stores, clock } = watch([
      ...[scanned('ann'), scanned('ben'), scanned('eve', 90), nobody],
    ]);
    clock.advance(2 * HOUR);

    const { undetermined } = await poll();

    expect(await openIn(stores)).toEqual(['eve']);
    expect(undetermined.map(({ what }) => what).join()).toContain(
      'a row of 2026-03-02 12:05 UTC that may be about anybody could not be read',
    );
  });

  it('concerns nobody whose hour does not hold it', async () => {
    const { poll, stores } = watch([scanned('ann'), cut(verified('ann', 90))]);

    await poll();

    expect(await openIn(stores)).toEqual(['ann']);
  });
});

describe('a gap of an unreadable row', () => {
  const without = (row: Row): Row => ({ ...row, id: undefined });

  it.each([
    ['by its id', cut],
    ['by its time and person, without an id', without],
  ])('is over when the row is read: %s', async (_how, spoil) => {
    const { poll, stores, show, clock } = watch([scanned('ann'), spoil(verified('ann'))]);
    await poll();
    expect(await stores.quarantine.live()).toHaveLength(1);

    show([scanned('ann'), verified('ann')]);
    clock.advance(2 * HOUR);
    await poll();

    expect(await findingsIn(stores)).toEqual([]);
    expect(await stores.quarantine.live()).toEqual([]);
    const [row] = await collect(stores.quarantine.rows());
    expect(row?.ended).toMatchObject({ how: 'readable' });
  });

  it('stands while one of two rows of one person and moment, both without an id, is unreadable', async () => {
    const other = {
      ...verified('ann'),
      ...{ id: 'other', resultReason: 'User failed to register Authenticator App' },
    };
    const { poll, stores, show, clock } = watch([
      scanned('ann'),
      without(verified('ann')),
      without(other),
    ]);
    await poll();

    show([scanned('ann'), without(verified('ann')), other]);
    clock.advance(2 * HOUR);
    await poll();
    expect(await stores.quarantine.live()).toHaveLength(1);
    expect(await openIn(stores)).toEqual([]);

    show([scanned('ann'), verified('ann'), other]);
    for (let day = 0; day < 3; day++) {
      clock.advance(DAY); // its day is read again by then
      await poll();
    }
    expect(await stores.quarantine.live()).toEqual([]);
    expect(await openIn(stores)).toEqual([]);
  });

  it('lets the finding open when the row turns out to be no verification', async () => {
    const other = { ...verified('ann'), resultReason: 'User failed to register Authenticator App' };
    const { poll, stores, show, clock } = watch([scanned('ann'), cut(other)]);
    await poll();
    expect(await openIn(stores)).toEqual([]);

    show([scanned('ann'), other]);
    clock.advance(2 * HOUR);
    await poll();

    expect(await openIn(stores)).toEqual(['ann']);
  });

  it('is over for the others when the row says whom it is about, though it cannot be read', async () => {
    const nobody = { ...verified('ann'), targetResources: 'x', initiatedBy: null };
    const { poll, stores, show, clock } = watch([scanned('ann'), scanned('ben'), nobody]);
    await poll();
    expect(await openIn(stores)).toEqual([]);

    show([scanned('ann'), scanned('ben'), cut(verified('ann'))]);
    clock.advance(2 * HOUR);
    await poll();

    expect(await openIn(stores)).toEqual(['ben']);
  });

  it('stands however often the row is read and stays unreadable', async () => {
    const { poll, stores, clock } = watch([scanned('ann'), cut(verified('ann'))]);
    for (let day = 0; day < 5; day++) {
      await poll();
      clock.advance(DAY); // its hour and its day are read again by then
    }

    expect(await openIn(stores)).toEqual([]);
    expect(await collect(stores.quarantine.rows())).toHaveLength(1);
  });

  it('supersedes what was concluded before the row came, until it can be read', async () => {
    const { poll, stores, show, clock } = watch([scanned('ann')]);
    await poll();
    expect(await openIn(stores)).toEqual(['ann']);

    const other = { ...verified('ann'), resultReason: 'User failed to register Authenticator App' };
    show([scanned('ann'), cut(other)]);
    clock.advance(2 * HOUR);
    await poll();
    expect(await findingsIn(stores)).toMatchObject([
      { resolution: 'superseded', supersededBy: 'verified-ann' },
    ]);

    show([scanned('ann'), other]);
    clock.advance(3 * DAY);
    await poll();
    expect(await openIn(stores)).toEqual(['ann']);
  });

  it('is none where the same row was read before and left its sign', async () => {
    const late = verified('ann', 70);
    const { poll, stores, show, clock } = watch([scanned('ann'), late]);
    await poll();
    const before = await findingsIn(stores);

    show([scanned('ann'), cut(late)]);
    clock.advance(2 * HOUR);
    await poll();

    expect(await findingsIn(stores)).toEqual(before);
    expect((await stores.quarantine.live()).filter(isOpen)).toEqual([]);
  });

  it.each([
    { by: 'the process that read it before', isOther: false, after: 5 * MINUTE },
    { by: 'another process', isOther: true, after: 31 * MINUTE },
  ])('is over when the row is read again that $by met spoilt', async ({ isOther, after }) => {
    const row = { ...verified('ann', 180), activityDisplayName: 'Update user' }; // leaves no signal
    const { reader, stores, show, clock } = watch([row]);
    const known = new KnownSignals();
    const poll = async (through: Reader): Promise<number> => {
      await pollSource(through);
      clock.advance(5 * MINUTE);
      return (await stores.quarantine.live()).filter(isOpen).length;
    };
    expect(await poll({ ...reader, known })).toBe(0);

    show([cut(row)]);
    expect(await poll({ ...reader, known: isOther ? new KnownSignals() : known })).toBe(1);

    show([row]);
    clock.advance(after - 5 * MINUTE);
    expect(await poll({ ...reader, known })).toBe(0);
  });

  it('comes of a backfill like of a poll', async () => {
    const { reader, stores, clock } = watch([scanned('ann'), cut(verified('ann'))]);
    clock.advance(2 * DAY);

    await backfillSource(reader, { from: at(-60), to: at(180) });

    expect(await openIn(stores)).toEqual([]);
    expect(await stores.quarantine.live()).toHaveLength(1);
  });

  it('comes of the second look', async () => {
    const { poll, stores, clock } = watch([scanned('ann')], [cut(verified('ann'))]);
    clock.advance(-4 * HOUR);
    await poll(); // a first read is of the past, which gets no second look
    clock.advance(4 * HOUR);

    await poll(true);

    expect(await findingsIn(stores)).toEqual([]);
    expect(await stores.quarantine.live()).toHaveLength(1);
  });

  it('is over when a person says so, and that stands in the record', async () => {
    const { poll, stores, clock } = watch([scanned('ann'), cut(verified('ann'))]);
    await poll();
    const [{ id } = { id: '' }] = await stores.quarantine.live();
    const desk = { stores, clock, tenantId: TENANT };

    await expect(acceptRow(desk, { id, by: 'olga', reason: ' ' })).rejects.toThrow('a reason');
    await expect(acceptRow(desk, { id: 'none', by: 'olga', reason: 'x' })).rejects.toThrow(
      'there is no gap none in the quarantine',
    );
    await acceptRow(desk, { id, by: 'olga', reason: 'asked Ann' });
    await drainMarks({ ...desk, detectors });

    expect(await openIn(stores)).toEqual(['ann']);
    const steps = await stores.rules.everyStep();
    expect(steps).toMatchObject([
      {
        verb: 'added',
        by: 'olga',
        rule: {
          ...{ kind: 'acceptance', row: id, scope: { subjectId: 'ann' } },
          reason: 'asked Ann (a row of 2026-03-02 12:05 UTC about this person could not be read)',
        },
      },
    ]);
    expect(await listRules({ stores }, 'hold')).toEqual([]);
    expect(await listRules({ stores }, 'suppression')).toEqual([]);
    const { unreadableRows } = await coverageReport(stores, detectors, clock);
    expect(unreadableRows).toMatchObject({
      open: [],
      accepted: [{ id, ended: { how: 'accepted', by: 'olga' } }],
    });

    clock.advance(2 * HOUR); // its hour is read again, and it is unreadable still
    await poll();
    expect(await openIn(stores)).toEqual(['ann']);
    await expect(acceptRow(desk, { id, by: 'olga', reason: 'again' })).rejects.toThrow(
      'is over already',
    );
  });

  it('is said by health and coverage, and so are rows of unknown kind', async () => {
    const unknown = { ...verified('ben'), activityDisplayName: {} };
    const nobody = { ...verified('eve'), targetResources: 'x', initiatedBy: null };
    const { poll, stores, clock } = watch([cut(verified('ann')), unknown, nobody]);
    await poll();

    const { status, problems, notes, unreadableRows } = await health(stores, detectors, {
      ...{ tenantId: TENANT, channels: [{ id: 'teams', isConfigured: true }], clock },
    });

    expect(status).toBe('degraded');
    expect(unreadableRows).toEqual({ ofPersons: 1, ofAll: 1, others: 1 });
    expect(problems.join()).toContain('1 about one person each, 1 that may be about anybody');
    expect(notes.join()).toContain('1 rows of unknown or unneeded kind');
    const report = await coverageReport(stores, detectors, clock, { from: at(0), to: at(60) });
    expect(report.unreadableRows).toMatchObject({ open: [{}, {}], accepted: [], others: 1 });
    const later = await coverageReport(stores, detectors, clock, { from: at(60) });
    expect(later.unreadableRows.open).toEqual([]);
  });

  it('is one of everybody for each day when there are too many', async () => {
    const many = Array.from({ length: 260 }, (_, i) => cut(verified(`user-${i}`, i / 10)));
    const { poll, stores, clock } = watch([scanned('ann'), ...many]);

    await poll();

    const live = await stores.quarantine.live();
    expect(live).toHaveLength(201);
    expect(live.filter((row) => row.isMany)).toMatchObject([
      { gap: { from: at(20), to: justAfter(at(25.9)) } },
    ]);
    expect(await openIn(stores)).toEqual([]);
    clock.advance(DAY);
    await poll();
    expect(await stores.quarantine.live()).toHaveLength(261);
  });

  it('is heard of by those whom it concerns, however often its marks were lost', async () => {
    const { poll, stores, show, clock } = watch([scanned('ann')]);
    await poll();
    expect(await openIn(stores)).toEqual(['ann']);
    stores.quarantine.markPropagated = () => Promise.reject(new Error('killed'));
    show([scanned('ann'), cut(verified('ann'))]);
    clock.advance(2 * HOUR);
    await expect(poll()).rejects.toThrow('killed');
    await stores.marks.remove(await stores.marks.list());
    Reflect.deleteProperty(stores.quarantine, 'markPropagated');

    await hearOfRows({ stores, tenantId: TENANT });
    await drainMarks({ tenantId: TENANT, detectors, stores, clock });

    expect(await openIn(stores)).toEqual([]);
  });
});

describe('a gap of everybody', () => {
  it.each(['user', 'group', 'app'] as const)(
    'concerns a timeline of one kind as of any other when it begins, and when it ends: %s',
    async (type) => {
      const stores = memoryStores();
      const detector = enabled.find(({ id }) => id === 'group-migration-leftover')!;
      const subject = { type, id: 'x' };
      const timeline = { id: timelineId(TENANT, detector.id, 'x'), detector: detector.id, subject };
      const signal = {
        key: 'k',
        source: 'directoryAudits',
        at: NOON,
        kind: 'k',
        facts: {},
      } as const;
      await stores.signals.merge([{ timeline, signals: [{ ...signal, subject }] }], detector);
      await stores.coverage.change(
        'directoryAudits',
        coveringFor([detector], 'directoryAudits', { from: at(-60), to: at(60) }),
      );
      const hear = async (): Promise<unknown> => {
        await stores.marks.remove(await stores.marks.list());
        await hearOfRows({ stores, tenantId: TENANT });
        return (await marked(stores)).map((each) => each.subject);
      };
      const gap = { from: NOON, to: justAfter(NOON), detectors: [detector.id] };
      const row = { id: '0123456789ab', source: 'directoryAudits', reason: 'cut' } as const;
      await stores.quarantine.add([{ ...row, eventId: 'e', firstSeenAt: NOON, gap }]);

      expect(await hear()).toEqual([subject]);
      expect(await hear()).toEqual([]);
      await stores.quarantine.end(row.id, { how: 'readable', at: at(60) });
      expect(await hear()).toEqual([subject]);
      expect(await hear()).toEqual([]);
    },
  );
});

/** An export of these rows, between two that nobody looks at, so that it covers the day. */
async function exported(rows: readonly Row[]) {
  const page: { rows: ExportedRow[]; skipped: SkippedRow[] } = { rows: [], skipped: [] };
  const edge = (minutes: number): Row => ({
    ...verificationRow('zoe', at(minutes), `edge-${minutes}`),
    activityDisplayName: 'Delete group',
  });
  for (const [line, row] of [edge(-600), ...rows, edge(600)].entries()) {
    const read = readRow('directoryAudits', row, audits);
    const where = { source: 'directoryAudits' as const, file: 'f', line };
    if ('malformed' in read) {
      const { id, reason, missed } = read.malformed;
      page.skipped.push({
        ...{ ...where, reason, isMalformed: true, isMissed: missed !== undefined },
        ...(id !== undefined && { id }),
        ...(missed !== undefined && { missed }),
      });
    } else {
      page.rows.push({ ...where, ...read, valueOf: (property) => row[property] });
    }
  }
  async function* pages(): AsyncIterable<ExportPage> {
    yield await Promise.resolve(page);
  }
  return analyze(pages(), detectors, () => memoryStores(), {
    ...{ tenantId: TENANT, clock: new VirtualClock(AFTERNOON) },
  });
}
