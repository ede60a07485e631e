import { mfaRegistrationUnfinished as detector } from '../../../shared/detectors/mfa-registration-unfinished';
import { HOUR, plus, toInstant } from '../../../shared/domain/time';
import { MemoryTables } from '../../../shared/adapters/memory/memory-table';
import type { Directory, ListedMethods } from '../../../shared/pipeline/ports/directory';
import { SourceError } from '../../../shared/pipeline/ports/record-source';
import { readiness, type Readiness } from '../../../shared/pipeline/queries/readiness';
import { DemoWatch } from '../../fakes/demo-watch';

const AT = toInstant('2026-03-02T12:00:00Z');
const GROUP = '11111111-0000-4000-8000-00000000f001';

const watch = new DemoWatch(new MemoryTables(), {
  ...{ at: AT, began: plus(AT, -HOUR), news: plus(AT, -HOUR) },
});
beforeAll(async () => {
  await watch.round();
  await watch.through(6);
}, 60_000);

interface Known {
  readonly methods?: readonly ListedMethods[];
  readonly members?: readonly string[];
  readonly refuses?: SourceError;
}

const asked: (readonly string[] | undefined)[] = [];
function directory({ methods = [], members = [], refuses }: Known): Directory {
  const give = async function* <T>(rows: readonly T[]): AsyncGenerator<readonly T[]> {
    if (refuses !== undefined) {
      throw refuses;
    }
    yield await Promise.resolve(rows);
  };
  return {
    listedMethods: (ids) => {
      asked.push(ids);
      return give(methods);
    },
    membersOf: (group) => give(group === GROUP ? members : []),
  };
}

const ask = (known: Known, group?: string): Promise<Readiness> =>
  readiness(
    { stores: watch.stores, clock: watch.clock, detector, directory: directory(known) },
    group === undefined ? {} : { group },
  );

const denied = (status: number): SourceError =>
  new SourceError('denied', `Graph answered ${status}`, 'Grant it.', { status });

describe('readiness', () => {
  it('lists whose only method was never verified, and not who has another one', async () => {
    const all = await ask({});
    const ids = all.people.map(({ id }) => id);
    const [first, second, ...rest] = ids.map((userId): ListedMethods => ({
      userId,
      methods: ['microsoftAuthenticatorPush'],
    }));

    expect(ids.length).toBeGreaterThan(1);
    expect(all.counts).toEqual({ blocked: 0, fiveSlots: 0, unknown: ids.length });
    const report = await ask({
      methods: [first!, { ...second!, methods: ['mobilePhone'] }, ...rest],
    });

    expect(report.people.map(({ id }) => id)).toEqual(ids.filter((id) => id !== second!.userId));
    expect(report.counts).toEqual({ blocked: ids.length - 1, fiveSlots: 0, unknown: 0 });
    expect(report.people[0]).toMatchObject({ reasons: ['only-unverified-method'] });
    expect(report).toMatchObject({ asOf: watch.clock.now(), reservedByDomain: null });
    expect(asked.at(-1)?.toSorted()).toEqual(ids.toSorted());
  });

  it('is complete only when all that was asked could be read, and says what was not', async () => {
    expect(await ask({})).toMatchObject({ complete: true });

    const report = await ask({ refuses: denied(403) });

    expect(report).toMatchObject({ complete: false });
    expect(report.notKnown[0]).toBe(
      'The methods that Microsoft Entra lists could not be read: Graph answered 403. Grant it.',
    );
    expect(report.counts.unknown).toBe(report.people.length);
  });

  it('says since when registrations are known, and what was not read in between', async () => {
    const known = (await ask({})).notKnown.join('\n');

    expect(known).toMatch(
      /Registrations before 2026-03-0\d \d\d:\d\d UTC and after .* are not known/,
    );
    expect(known).toContain('Reserved mail addresses are not counted');
    const fresh = new DemoWatch(new MemoryTables(), { at: AT, began: AT, news: AT });
    const none = await readiness({
      ...{ stores: fresh.stores, clock: fresh.clock, detector, directory: directory({}) },
    });
    expect(none).toMatchObject({ complete: false, people: [] });
    expect(none.notKnown[0]).toContain('directoryAudits was never read');
  });

  it('looks at the members of a group only', async () => {
    const [one] = (await ask({})).people;

    expect((await ask({ members: [one!.id] }, GROUP)).people).toHaveLength(1);
    expect((await ask({ members: [] }, GROUP)).people).toEqual([]);
  });

  it('refuses a group that is not there, and does not hide another refusal', async () => {
    await expect(ask({ refuses: denied(404) }, GROUP)).rejects.toThrow(
      `there is no group ${GROUP}`,
    );
    await expect(ask({ refuses: denied(403) }, GROUP)).rejects.toThrow('Graph answered 403');
  });
});
