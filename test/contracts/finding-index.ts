import type { Finding } from '../../shared/domain/findings/finding';
import { timelineId } from '../../shared/domain/findings/finding';
import { DAY, dayOf, plus, toInstant } from '../../shared/domain/time';
import { lineOf, placeOf } from '../../shared/pipeline/findings/finding-lines';
import {
  PositionError,
  type FindingFilter,
  type ListEntry,
} from '../../shared/pipeline/ports/finding-index';
import type { Stores } from '../../shared/pipeline/ports/stores';
import { repair } from '../../shared/pipeline/audit-trail/repair';
import { SubjectLookup } from '../../shared/pipeline/queries/subject-lookup';
import { linesAgree } from '../fakes/lines';
import {
  ending,
  finding,
  HOSTILE,
  minutes,
  opening,
  TENANT,
  timeline,
  type MakeStores,
} from './samples';

const MARY = timeline('Mary').id;
const BEGIN = toInstant('2025-11-20T00:00:00Z');

export function findingIndexContract(make: MakeStores): void {
  describe('lists of findings', () => {
    let stores: Stores;
    beforeEach(() => {
      stores = make();
    });

    const putAll = async (findings: readonly Finding[]): Promise<void> => {
      for (const each of findings) {
        await stores.index.put(each);
      }
    };
    /** Every line of a filter, page by page. */
    const walk = async (filter: FindingFilter, top = 4): Promise<ListEntry[]> => {
      const lines: ListEntry[] = [];
      let after: string | undefined;
      do {
        const page = await stores.index.page(filter, top, after);
        expect(page.lines.length).toBeLessThanOrEqual(top);
        lines.push(...page.lines);
        after = page.next;
      } while (after !== undefined);
      return lines;
    };
    const sorted = (findings: readonly Finding[]): ListEntry[] =>
      findings.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1)).map(lineOf);

    it('has none at first', async () => {
      expect(await stores.index.page({}, 10)).toEqual({ lines: [] });
      expect(await stores.index.page({ status: 'open' }, 10)).toEqual({ lines: [] });
      expect(await stores.index.page({ detector: 'no-such', subjectId: 'x' }, 10)).toEqual({
        lines: [],
      });
    });

    it('lists each finding once, the newest first, through months with and without findings', async () => {
      const findings = many(23);
      await putAll(findings);

      for (const top of [1, 4, 23, 500]) {
        expect(await walk({}, top)).toEqual(sorted(findings));
      }
    });

    it('puts findings of one instant in order of their ids', async () => {
      const findings = many(9).map((each) => ({ ...each, openedAt: BEGIN }));
      await putAll(findings);

      expect((await walk({}, 2)).map((line) => line.id)).toEqual(
        findings.map((each) => each.id).sort(),
      );
    });

    it('tells instants apart that differ by 100 ns', async () => {
      const findings = [0, 1, 2].map((n) => ({
        ...finding(MARY, `a${n}`),
        openedAt: `2026-01-31T23:59:59.999999${n}Z` as Finding['openedAt'],
      }));
      await putAll(findings);

      expect((await walk({}, 1)).map((line) => line.openedAt)).toEqual(
        findings.map((each) => each.openedAt).reverse(),
      );
      expect(await walk({ from: findings[1]!.openedAt })).toHaveLength(2);
      expect(await walk({ to: findings[1]!.openedAt })).toHaveLength(1);
    });

    it('changes nothing when a finding is put again, and shows what changed', async () => {
      const first = opening(finding(MARY)).finding;
      await stores.index.put(first);
      await stores.index.put(first);
      expect(await walk({ status: 'open' })).toEqual([lineOf(first)]);

      const resolved: Finding = { ...ending(first).finding, resolvedAt: minutes(30) };
      await stores.index.put(resolved);

      expect(await walk({})).toEqual([lineOf(resolved)]);
      expect(await walk({ subjectId: 'id of Mary' })).toEqual([lineOf(resolved)]);
      expect(await walk({ detector: first.detector })).toEqual([lineOf(resolved)]);
      expect(await walk({ status: 'open' })).toEqual([]);
      expect(await walk({ status: 'resolved' })).toEqual([lineOf(resolved)]);

      await stores.index.put(first);
      expect(await walk({ status: 'open' })).toEqual([lineOf(first)]);
    });

    it('takes a finding out of every list, more than once', async () => {
      const [gone, kept] = [finding(MARY, 'a'), finding(MARY, 'b')];
      await putAll([gone, kept]);

      await stores.index.remove(gone);
      await stores.index.remove(gone);

      for (const filter of [{}, { status: 'open' }, { detector: gone.detector }] as const) {
        expect(await walk(filter)).toEqual([lineOf(kept)]);
      }
      expect(await walk({ subjectId: 'id of Mary' })).toEqual([lineOf(kept)]);
    });

    const filters: readonly FindingFilter[] = [
      { detector: 'detector-1' },
      { status: 'open' },
      { status: 'acknowledged' },
      { status: 'resolved' },
      { severity: 'low' },
      { suppressed: true },
      { suppressed: false },
      { subjectId: 'user 3' },
      { subjectId: 'user 3', status: 'open' },
      { subjectName: 'éLODIE' },
      { text: 'UNFINISHED' },
      { text: 'user 3' },
      { from: plus(BEGIN, 40 * DAY) },
      { to: plus(BEGIN, 40 * DAY) },
      { from: plus(BEGIN, 30 * DAY), to: plus(BEGIN, 90 * DAY) },
      { to: toInstant('2026-01-01T00:00:00Z') },
      { from: toInstant('2026-01-01T00:00:00Z'), to: toInstant('2026-02-01T00:00:00Z') },
      { from: plus(BEGIN, 90 * DAY), to: plus(BEGIN, 30 * DAY) },
      { detector: 'detector-0', severity: 'low', status: 'open', to: plus(BEGIN, 100 * DAY) },
      { detector: 'detector-2', from: plus(BEGIN, 20 * DAY), to: plus(BEGIN, 110 * DAY) },
      { status: 'open', from: plus(BEGIN, 20 * DAY), to: plus(BEGIN, 110 * DAY) },
      { subjectId: 'user 1', from: plus(BEGIN, 20 * DAY), to: plus(BEGIN, 110 * DAY) },
      { to: toInstant('9999-12-31T00:00:00Z') },
    ];

    it('finds what a filter asks for, by whatever list', async () => {
      const findings = many(40);
      await putAll(findings);

      for (const filter of filters) {
        const expected = sorted(findings.filter((each) => isWanted(each, filter)));
        expect([filter, await walk(filter)]).toEqual([filter, expected]);
        expect([filter, await walk(filter, 100)]).toEqual([filter, expected]);
      }
    }, 60_000);

    it('finds the same by subject in the few timelines of the subject', async () => {
      const findings = many(40);
      await putAll(findings);
      for (const each of findings) {
        await stores.findings.commit({ finding: each }, undefined);
      }
      const detectors = ['detector-0', 'detector-1', 'detector-2', 'detector-gone'];
      const lookup = new SubjectLookup(stores, TENANT, detectors);

      for (const filter of [...filters, { subjectId: 'nobody' }]) {
        for (const top of [1, 3, 100]) {
          const [fast, slow]: ListEntry[][] = [[], []];
          for (const [index, lines] of [
            [lookup, fast],
            [stores.index, slow],
          ] as const) {
            let after: string | undefined;
            do {
              const page = await index.page(filter, top, after);
              lines!.push(...page.lines);
              after = page.next;
            } while (after !== undefined);
          }
          expect([filter, fast]).toEqual([filter, slow]);
        }
      }
    }, 60_000);

    it('keeps names as they are, and finds subjects of any id', async () => {
      const findings = HOSTILE.map((name, i) =>
        finding(MARY, `anchor ${i}`, { subject: { type: 'user', id: name, name }, title: name }),
      );
      await putAll(findings);

      for (const each of findings) {
        expect(await walk({ subjectId: each.subject.id })).toEqual([lineOf(each)]);
      }
      expect(await walk({})).toHaveLength(HOSTILE.length);
    });

    it('goes on where it stopped although findings came, changed and went meanwhile', async () => {
      const findings = many(12);
      await putAll(findings);
      const first = await stores.index.page({}, 5);
      const [newest, ...rest] = sorted(findings);
      const byId = (id: string): Finding => findings.find((each) => each.id === id)!;

      await stores.index.put({ ...finding(MARY, 'later'), openedAt: plus(BEGIN, 900 * DAY) });
      await stores.index.remove(byId(newest!.id));
      await stores.index.remove(byId(first.lines.at(-1)!.id));

      const more: ListEntry[] = [];
      for (let after = first.next; after !== undefined;) {
        const page = await stores.index.page({}, 5, after);
        more.push(...page.lines);
        after = page.next;
      }
      expect([...first.lines.slice(1), ...more]).toEqual(rest);
    });

    describe('positions', () => {
      const nextOf = async (filter: FindingFilter): Promise<string> => {
        const { next } = await stores.index.page(filter, 1);
        expect(next).toMatch(/^[A-Za-z0-9_-]{1,300}$/);
        return next!;
      };
      const refused = (filter: FindingFilter, after: string): Promise<unknown> =>
        expect(stores.index.page(filter, 1, after)).rejects.toThrow(PositionError);

      beforeEach(async () => {
        await putAll(many(12));
      });

      it.each([
        '',
        '0',
        'null',
        'e30',
        'W10',
        '../..',
        '%00',
        "' or 1 eq 1",
        Buffer.from('[1,"2026-01","x","y"]').toString('base64url'),
        Buffer.from('[1,2,3,4]').toString('base64url'),
        Buffer.from('[2,"","",""]').toString('base64url'),
        Buffer.from('{"length":4}').toString('base64url'),
        'A'.repeat(10_000),
      ])('refuses %.40j', async (after) => {
        await refused({}, after);
        await refused({ status: 'open' }, after);
      });

      it('refuses one of another filter', async () => {
        await refused({ detector: 'detector-1' }, await nextOf({}));
        await refused({ severity: 'low' }, await nextOf({ severity: 'high' }));
        await refused({}, await nextOf({ status: 'open' }));
        await refused({ status: 'open' }, await nextOf({}));
      });

      it('refuses every one that was cut off or changed by one character', async () => {
        const next = await nextOf({});
        const places = [...Array(next.length).keys()];
        const changed = places.map((i) => {
          const other = next.charAt(i) === 'A' ? 'B' : 'A';
          return next.slice(0, i) + other + next.slice(i + 1);
        });
        const cut = places.map((i) => next.slice(0, i));

        for (const after of [...cut, ...changed, `${next}A`, `${next}=`, ` ${next}`]) {
          await refused({}, after);
        }
      });

      it('says what was wrong and what to do', async () => {
        await expect(stores.index.page({}, 1, 'x')).rejects.toThrow(
          'the continuation cannot be used: it is cut off or was never one; repeat the same filter with',
        );
      });
    });

    describe('repair', () => {
      const commit = async (each: Finding): Promise<Finding> => {
        const { alert: _alert, ...change } = opening(each);
        await stores.findings.commit(change, undefined);
        return change.finding;
      };

      it('finds nothing to do in what is right', async () => {
        const kept = await commit(finding(MARY));
        await stores.index.put(kept);

        const none = {
          ...{ added: 0, corrected: 0, removed: 0, recounted: 0, untold: 0 },
          ...{ unreadable: 0, lost: [] },
        };
        const nothing = { findings: 1, rows: 2, ...none };
        expect(await repair({ stores })).toEqual({ ...nothing, counted: 1 });
        expect(await repair({ stores })).toEqual({ ...nothing, counted: 0 });
      });

      it('completes the counts per day by the histories, and takes nothing away', async () => {
        const open = await commit(finding(MARY, 'a'));
        const { etag } = (await stores.findings.find(open.id))!;
        const { alert: _alert, ...ended } = ending(open);
        await stores.findings.commit(ended, etag);
        await commit(finding(MARY, 'b'));
        const { detector } = open;
        const purged = { findingId: 'f'.repeat(16) + '-' + 'f'.repeat(12), detector };
        const day = dayOf(ended.transition.at);
        await stores.counts.add([{ ...purged, day, what: 'resolved' }]);

        expect(await repair({ stores })).toMatchObject({ counted: 3 });

        const totals = { opened: 0, resolved: 0 };
        for await (const each of stores.counts.days('2026-01-01', '2026-12-31')) {
          totals.opened += each.opened;
          totals.resolved += each.resolved;
        }
        expect(totals).toEqual({ opened: 2, resolved: 2 });
      });

      it('adds what is missing, corrects what differs, removes what is gone, and is then done', async () => {
        const [missing, old, right] = [
          await commit(finding(MARY, 'missing')),
          await commit(finding(MARY, 'old')),
          await commit(finding(MARY, 'right')),
        ];
        const gone = finding(MARY, 'gone');
        await putAll([{ ...old, status: 'resolved', count: 99 }, right, gone]);
        await expect(linesAgree(stores)).rejects.toThrow();

        // What knows more than is there is the only trace of it.
        const kept = await repair({ stores });
        expect(kept).toMatchObject({ added: 1, corrected: 0, removed: 0 });
        expect(kept.lost.map(({ id }) => id).toSorted()).toEqual([old.id, gone.id].toSorted());

        const report = await repair({ stores, isForgetting: true });

        expect(report).toMatchObject({ findings: 3, added: 0, corrected: 1, removed: 1 });
        expect(await walk({})).toEqual(sorted([missing, old, right]));
        await linesAgree(stores);
        expect(await repair({ stores })).toMatchObject({ added: 0, corrected: 0, removed: 0 });
      });
    });
  });
}

/** Findings of three detectors, five people and every status, some of one day, over five months of which one is empty. */
function many(count: number): Finding[] {
  const severities = ['low', 'high', 'critical'] as const;
  const statuses = ['open', 'acknowledged', 'resolved', 'open'] as const;
  return Array.from({ length: count }, (_, i) => {
    const person = i % 5;
    const status = statuses[i % 4]!;
    const name = ['Élodie', 'E\u0301lodie 2', 'Bob', 'Zoë', undefined][person];
    const day = Math.floor((i * 120) / count);
    const skipped = day > 43 && day < 74 ? 74 : day; // nothing in January 2026
    return finding(timelineId('tenant', `detector-${i % 3}`, `user ${person}`), `anchor ${i}`, {
      ...{ detector: `detector-${i % 3}`, severity: severities[i % 3]!, status },
      ...(status === 'resolved' && { resolution: 'done', resolvedAt: minutes(99) }),
      ...(i % 7 === 0 && { suppressed: { rule: 'rule-1' } }),
      title: i % 2 === 0 ? 'Registration unfinished' : 'Something else',
      subject: { type: 'user', id: `user ${person}`, ...(name !== undefined && { name }) },
      openedAt: plus(BEGIN, skipped * DAY + (i % 3)),
    });
  });
}

/** What each filter means, said once more in other words. */
function isWanted(each: Finding, filter: FindingFilter): boolean {
  const lower = (text = ''): string => text.normalize('NFC').toLowerCase();
  const has = (text: string | undefined): boolean =>
    lower(text).includes(lower(filter.text ?? '\uffff'));
  const unwanted = [
    filter.detector !== undefined && each.detector !== filter.detector,
    filter.status !== undefined && each.status !== filter.status,
    filter.severity !== undefined && each.severity !== filter.severity,
    filter.suppressed === true && each.suppressed === undefined,
    filter.suppressed === false && each.suppressed !== undefined,
    filter.subjectId !== undefined && each.subject.id !== filter.subjectId,
    filter.subjectName !== undefined &&
      lower(each.subject.name).slice(0, filter.subjectName.length) !== lower(filter.subjectName),
    filter.from !== undefined && each.openedAt < filter.from,
    filter.to !== undefined && each.openedAt >= filter.to,
    filter.text !== undefined && ![each.title, each.subject.name, each.subject.id].some(has),
  ];
  return !unwanted.includes(true);
}
