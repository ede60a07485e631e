import fc from 'fast-check';
import { isAboutGroup } from '../../shared/domain/records/group';
import { isLog } from '../../shared/sources';
import { DETECTORS } from '../../shared/detectors/index';
import { canonical, type Json } from '../../shared/domain/json';
import {
  concerning,
  isOpen,
  joinRows,
  type QuarantineRow,
} from '../../shared/domain/reading/quarantine';
import type { EntraRecord, Malformed, MissedRow } from '../../shared/domain/record';
import { justAfter, MINUTE, plus } from '../../shared/domain/time';
import * as faults from '../fakes/faults';
import type { Fault } from '../fakes/faults';
import { law, must, mustEqual, notices } from '../fakes/law';
import type { MemoryStores } from '../fakes/memory-stores';
import { minutes } from '../fakes/records';
import { ledger, play, signalsOf, view, type Batch, type Play } from '../fakes/run';
import {
  anyRead,
  batchesOf,
  inOrder,
  plannedCrashes,
  scheduleOf,
  story,
  wholeRead,
  type Schedule,
} from '../fakes/stories';
import { needsSource } from '../../shared/domain/detector';

const MFA = 'mfa-registration-unfinished';

/** Which rows come unreadable, whether they are read once, too, and whether they say whom they are about. */
const spoilt = fc.array(
  fc.record({ pick: fc.nat(20), isMended: fc.boolean(), isNamed: fc.boolean() }),
  { minLength: 1, maxLength: 4 },
);
const told = { records: story, spoilt };
const wholly = fc.record({ ...told, schedule: scheduleOf(wholeRead) });
const anyhow = fc.record({ ...told, schedule: scheduleOf(anyRead) });
interface MessageContext {
  readonly records: readonly EntraRecord[];
  readonly spoilt: readonly {
    readonly pick: number;
    readonly isMended: boolean;
    readonly isNamed: boolean;
  }[];
  readonly schedule: Schedule;
}

/** The records of a story, some of them standing for a row that could not be read. */
interface Rows {
  readonly all: readonly EntraRecord[];
  readonly unreadable: ReadonlyMap<EntraRecord, Malformed>;
  /** Rows that were read and left no sign of it are read once more in the end, as tiles do. */
  readonly again: readonly EntraRecord[];
}

function rowsOf({ records, spoilt: picks }: MessageContext): Rows {
  const unreadable = new Map<EntraRecord, Malformed>();
  const lost = new Set<string>();
  const again: EntraRecord[] = [];
  // A row of the directory that cannot be read makes its round an incomplete one; only rows of logs are read once more.
  const logged = records.filter(({ source }) => isLog(source));
  for (const { pick, isMended, isNamed } of picks) {
    const record = logged[pick % Math.max(logged.length, 1)];
    if (record !== undefined) {
      unreadable.set({ ...record }, malformed(record, isNamed));
      const versions = records.filter(({ id }) => id === record.id);
      (isMended ? again : []).push(...versions.filter((each) => !leavesSign(each)));
      (isMended ? new Set<string>() : lost).add(record.id);
    }
  }
  const readable = records.filter(({ id }) => !lost.has(id));
  return {
    ...{ all: [...readable, ...unreadable.keys()], unreadable },
    again: again.filter(({ id }) => !lost.has(id)),
  };
}

function malformed(record: EntraRecord, isNamed: boolean): Malformed {
  const { source, id, at } = record;
  const detectors = DETECTORS.filter((each) => needsSource(each, source)).map((each) => each.id);
  const subject: MissedRow['subject'] =
    record.source === 'signIns'
      ? { type: 'user', id: record.user.id }
      : {
          type: 'user',
          id: record.source === 'directoryAudits' ? (record.targets[0]?.id ?? '') : '',
        };
  const when = { from: at, to: justAfter(at) };
  // Of a group nobody knows by the person whom the row names.
  const isOfGroup = record.source === 'directoryAudits' && isAboutGroup(record.activity);
  const isPerson = isNamed && !isOfGroup;
  return { source, id, reason: 'cut', missed: { detectors, when, ...(isPerson && { subject }) } };
}

/**
 * Judging tells by the signals of a row that it was read. A detector is asked of the rows that it reads alone: of others,
 * such as those of groups, it might say anything. A group of which nothing is awaited is not judged again when coverage
 * moves, so a row about one counts as read when it is read once more, as the next hour's reading does.
 */
function leavesSign(record: EntraRecord): boolean {
  if (record.source === 'directoryAudits' && isAboutGroup(record.activity)) {
    return false;
  }
  return DETECTORS.filter((each) => needsSource(each, record.source)).some((each) =>
    signalsOf(each, record).some(({ eventId }) => eventId === record.id),
  );
}

function parted({ unreadable, again }: Rows, batches: readonly Batch[]): Batch[] {
  const last = batches.length - 1;
  return batches.map((batch, i) => ({
    ...batch,
    records: [
      ...batch.records.filter((each) => !unreadable.has(each)),
      ...(i === last ? again : []),
    ],
    unreadable: batch.records.flatMap((each) => unreadable.get(each) ?? []),
  }));
}

describe('law 1: order does not matter, also of rows that cannot be read', () => {
  const holdsWith =
    (plant: Partial<Play> = {}) =>
    async (each: MessageContext): Promise<void> => {
      const rows = rowsOf(each);
      const expected = await play({ batches: parted(rows, inOrder(rows.all, each.schedule)) });
      const actual = await play({
        batches: parted(rows, batchesOf(rows.all, each.schedule)),
        ...plant,
      });
      mustEqual(view(actual.stores), view(expected.stores), 'findings');
    };

  law('any order, repeats and batches', wholly, holdsWith());
  law('coverage that starts late, has gaps, fills them or grows backwards', anyhow, holdsWith());

  notices('gaps that nobody knows of', wholly, holdsWith({ through: faults.gapsUnknown }));
  notices('gaps that nobody hears of', wholly, holdsWith({ through: faults.gapsUnheard }));
  notices('rows that are never read again', wholly, holdsWith({ through: faults.endsForgotten }));
});

describe('law 2: nothing is concluded over a row that cannot be read', () => {
  const holdsWith =
    (fault?: Fault) =>
    async (each: MessageContext): Promise<void> => {
      const rows = rowsOf(each);
      await play({
        batches: parted(rows, batchesOf(rows.all, each.schedule)),
        ...(fault && { through: fault }),
        afterEach: concludesNothing,
      });
    };

  law('after every batch, whatever was concluded before', anyhow, holdsWith());
  notices('gaps that nobody knows of', anyhow, holdsWith(faults.gapsUnknown));
});

async function concludesNothing(stores: MemoryStores): Promise<void> {
  const live = (await stores.quarantine.live()).filter(isOpen);
  for (const { detector, subject, count, firstSeenAt, since, verdict } of stores.findings.list()) {
    if (detector === MFA && count === 1 && verdict.state === 'open') {
      const over = concerning(live, detector, subject.id).find(
        ({ gap }) => gap.from < since && gap.to > plus(firstSeenAt, -2 * MINUTE),
      );
      must(over === undefined, () => `concluded over the row ${over?.eventId ?? ''}`);
    }
  }
}

describe('law 3: no gap is lost', () => {
  const killed = fc.record({
    ...{ ...told, schedule: scheduleOf(anyRead), crashes: plannedCrashes },
    afterCrash: fc.constantFrom('resume' as const, 'repeat' as const),
  });

  law('a kill at any operation ends with the same', killed, async (each) => {
    const { crashes, afterCrash } = each;
    const rows = rowsOf(each);
    const batches = parted(rows, batchesOf(rows.all, each.schedule));
    const expected = await play({ batches });
    const actual = await play({ batches, crashes, afterCrash });
    mustEqual(ledger(actual.stores), ledger(expected.stores), 'findings, transitions, alerts');
    const standing = async (stores: MemoryStores): Promise<Json> =>
      (await stores.quarantine.live())
        .filter(isOpen)
        .map(({ id }) => id)
        .sort();
    mustEqual(await standing(actual.stores), await standing(expected.stores), 'open gaps');
  });
});

describe('the join of rows', () => {
  const moment = fc.integer({ min: 0, max: 6 }).map(minutes);
  const row: fc.Arbitrary<QuarantineRow> = fc
    .record({
      from: moment,
      reason: fc.constantFrom('cut', 'no time'),
      firstSeenAt: moment,
      detectors: fc.subarray(['a', 'b', 'c']),
      subject: fc.constantFrom(undefined, 'ann', 'ben'),
      hasGap: fc.boolean(),
      isHeard: fc.constantFrom(undefined, true as const),
      ended: fc.option(
        fc.record({ how: fc.constantFrom('readable' as const, 'accepted' as const), at: moment }),
        { nil: undefined },
      ),
    })
    .map(({ from, detectors, subject, hasGap, isHeard, ended, ...rest }) => ({
      ...{ id: 'x', source: 'signIns' as const, eventId: 'x', ...rest },
      ...(ended !== undefined && { ended }),
      ...(isHeard !== undefined && { isHeard }),
      ...(hasGap && {
        gap: {
          ...{ from, to: minutes(10), detectors },
          ...(subject !== undefined && { subject: { type: 'user' as const, id: subject } }),
        },
      }),
    }));
  const same = (a: QuarantineRow, b: QuarantineRow, what: string): void => {
    // Whether they were heard of is about what was done, not about what is known.
    const known = ({ isHeard: _done, ...rest }: QuarantineRow): Json => rest as unknown as Json;
    mustEqual(canonical(known(a)), canonical(known(b)), what);
  };

  law('is commutative, associative and idempotent', fc.tuple(row, row, row), ([a, b, c]) => {
    same(joinRows(a, b), joinRows(b, a), 'commutative');
    same(joinRows(joinRows(a, b), c), joinRows(a, joinRows(b, c)), 'associative');
    same(joinRows(a, a), a, 'idempotent');
    return Promise.resolve();
  });
});
