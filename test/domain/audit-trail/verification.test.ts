import { linked } from '../../../shared/domain/hash-chain';
import {
  EMPTY_CHAIN,
  finished,
  nextEntry,
  type ChainHead,
  type Purge,
  type TrailEntry,
  type Seal,
  type SealedHour,
} from '../../../shared/domain/audit-trail/entries';
import {
  FOREVER,
  stepAdding,
  stepEnding,
  type RuleStep,
} from '../../../shared/domain/findings/suppression';
import { DAY, plus } from '../../../shared/domain/time';
import type { Act, Finding } from '../../../shared/domain/findings/finding';
import { decide } from '../../../shared/domain/findings/transition';
import type { StoredText } from '../../../shared/domain/audit-trail/stored-text';
import { verifyFinding, verifyRules } from '../../../shared/domain/audit-trail/verification';
import {
  ChainWalk,
  entryIn,
  headsIn,
  type Sealed,
  type WalkedChain,
} from '../../../shared/domain/audit-trail/verified-chain';
import { digestOf } from '../../../shared/domain/hash-chain';
import { RULE } from '../../contracts/record';
import type { AlertDelivery } from '../../../shared/domain/findings/delivery';
import { ending, finding, minutes, opening, timeline } from '../../contracts/samples';

const first = opening(finding(timeline('Mary').id));
const last = ending(first.finding);
const ID = first.finding.id;
const NOTHING: Sealed = {
  ...{ findings: new Map(), rules: new Map(), leaving: new Set<string>(), through: undefined },
  ...{ seals: 0, purges: 0, purgedTo: undefined },
};

function verifyChain(rows: readonly StoredText[]): WalkedChain {
  const walk = new ChainWalk();
  rows.forEach((each) => {
    walk.add(each);
  });
  return walk.end();
}

const row = (
  kind: StoredText['kind'],
  id: string,
  value: unknown,
  sequence?: number,
  more: Partial<StoredText> = {},
): StoredText => ({
  ...{ kind, id, value, place: `${kind} ${id} ${sequence ?? ''}`.trim() },
  ...(sequence !== undefined && { sequence }),
  ...more,
});
const { movedAt = '' } = last.finding;
const F = row('finding', ID, last.finding, undefined, {
  columns: { digest: digestOf(last.finding), movedAt },
});
const H1 = row('history', ID, first.transition, 1);
const H2 = row('history', ID, last.transition, 2);

function alertRow(
  { alert, transition }: typeof first,
  over: Partial<AlertDelivery> = {},
): StoredText {
  const rest = { createdAt: transition.at, state: 'waiting', attempts: 0, refusals: [] } as const;
  const delivery: AlertDelivery = { alert, channel: 'teams', ...rest, ...over };
  const more = { channel: 'teams', columns: { state: delivery.state } };
  return row('alert', ID, delivery, transition.sequence, more);
}
const A1 = alertRow(first, { state: 'sent', attempts: 1 });
const A2 = alertRow(last);

describe('a finding', () => {
  it.each<[string, readonly StoredText[], object | undefined]>([
    ['whole', [F, H1, H2, A1, A2], undefined],
    ['with nothing but an alert', [A1], { what: 'removed', place: `finding ${ID}` }],
    ['without its row', [H1, H2], { what: 'removed', place: `finding ${ID}` }],
    ['without its history', [F], { what: 'removed', place: `history ${ID} 1` }],
    ['without the end of its history', [F, H1], { what: 'removed', place: `history ${ID} 2` }],
    ['without the beginning of it', [F, H2], { what: 'removed', place: `history ${ID} 1` }],
    ['with a row twice', [F, H1, H2, H2], { what: 'inserted', place: H2.place }],
    ['with a row of no number', [F, { ...H1, sequence: 0 }, H1, H2], { what: 'inserted' }],
    [
      'with a row of no kind',
      [F, H1, H2, row('unknown', ID, {})],
      { what: 'inserted', detail: 'it is no row of the record' },
    ],
    [
      'with a column of no use',
      [{ ...F, stray: 'note' }, H1, H2],
      { what: 'changed', place: F.place, detail: expect.stringContaining('note') as string },
    ],
    [
      'with an unreadable row',
      [F, H1, { ...H2, value: undefined }],
      { detail: 'it cannot be read' },
    ],
    ['with a list for a row', [{ ...F, value: [] }, H1, H2], { detail: 'it cannot be read' }],
    [
      'with a row of another',
      [F, H1, { ...H2, value: { ...last.transition, findingId: 'x' } }],
      { detail: 'it is the row of another key' },
    ],
    [
      'with a row that follows on another',
      [F, H1, { ...H2, value: linked({ ...last.transition, hash: undefined }, 'x') }],
      { what: 'changed', place: H2.place, detail: 'it does not follow from the row before it' },
    ],
    [
      'with another digest',
      [{ ...F, columns: { ...F.columns, digest: 'x' } }, H1, H2],
      { what: 'changed', place: F.place, detail: expect.stringContaining('digest') as string },
    ],
    [
      'that counts less than there is',
      [
        row('finding', ID, first.finding, undefined, {
          columns: { digest: digestOf(first.finding), movedAt: first.finding.movedAt! },
        }),
        H1,
        H2,
      ],
      { what: 'inserted', place: `history ${ID} 2` },
    ],
  ])('is looked at: %s', (_what, rows, expected) => {
    const { tampering } = verifyFinding(ID, rows, NOTHING);

    expect(tampering === undefined).toBe(expected === undefined);
    expect(tampering ?? {}).toMatchObject(expected ?? {});
  });

  it.each<[string, readonly StoredText[], object]>([
    [
      'is gone',
      [A1],
      {
        what: 'removed',
        place: `alert ${ID}-2`,
        detail: expect.stringContaining('(resolved)') as string,
      },
    ],
    [
      'is one too many',
      [A1, A2, { ...A2, sequence: 3, place: 'third' }],
      { what: 'inserted', place: 'third' },
    ],
    ['cannot be read', [A1, { ...A2, value: undefined }], { detail: 'it cannot be read' }],
    [
      'has a column of no use',
      [A1, { ...A2, stray: 'note' }],
      { what: 'changed', place: A2.place },
    ],
    [
      'is that of another',
      [A1, { ...A2, value: A1.value }],
      { what: 'changed', detail: 'it is the row of another key' },
    ],
    [
      'goes over another channel',
      [A1, alertRow(last, { channel: 'other' })],
      { what: 'changed', detail: 'it is the row of another key' },
    ],
    ...[
      { alert: { ...last.alert, verb: 'opened' as const } },
      { alert: { ...last.alert, findingId: 'other' } },
      { alert: { ...last.alert, form: 'none' as 'card' } },
      { createdAt: minutes(0) },
    ].map((over): [string, readonly StoredText[], object] => [
      `says ${JSON.stringify(over)}`,
      [A1, alertRow(last, over)],
      { what: 'changed', place: A2.place, detail: 'it is not what row 2 of the history says' },
    ]),
    [
      'has another state beside it',
      [A1, { ...A2, columns: { state: 'sent' } }],
      { what: 'changed', place: A2.place, detail: expect.stringContaining('state') as string },
    ],
    [
      'is in a state that there is not',
      [A1, alertRow(last, { state: 'lost' as 'sent' })],
      { what: 'changed', place: A2.place, detail: expect.stringContaining('state') as string },
    ],
    [
      'counts as sent before anybody tried',
      [A1, alertRow(last, { state: 'sent' })],
      { what: 'changed', place: A2.place, detail: expect.stringContaining('sent') as string },
    ],
  ])('is not what was written when an alert of it %s', (_what, alerts, expected) => {
    const { tampering } = verifyFinding(ID, [F, H1, H2, ...alerts], NOTHING);

    expect(tampering).toMatchObject(expected);
  });

  it('owes no alert of what a person decided', () => {
    const { transition } = decide(first.finding, {
      verb: 'acknowledge',
      by: 'eve',
      at: minutes(15),
    });

    expect(transition?.alert).toBeUndefined();
    expect(first.transition.alert).toBe('opened');
  });

  describe('of which a person decided', () => {
    const act: Act = {
      verb: 'resolve',
      reason: 'accepted',
      by: 'olga',
      at: minutes(15),
      note: 'ok',
    };
    const decided = decide(first.finding, act);
    const H = row('history', ID, decided.transition, 2);
    // Whoever forges makes the digest anew.
    const look = (over: object, history = H, of: Finding = decided.finding): unknown => {
      const value = { ...of, ...over };
      const beside = { digest: digestOf(value), movedAt: of.movedAt! };
      const f = row('finding', ID, value, undefined, { columns: beside });
      return verifyFinding(ID, [f, H1, history, A1], NOTHING).tampering?.detail;
    };

    it('is what was written', () => {
      expect(look({})).toBeUndefined();
      const reopened = decide(decided.finding, { verb: 'reopen', by: 'eve', at: minutes(16) });
      const all = [H1, H, row('history', ID, reopened.transition, 3)];
      const beside = { digest: digestOf(reopened.finding), movedAt: minutes(16) };
      const f = row('finding', ID, reopened.finding, undefined, { columns: beside });
      expect(verifyFinding(ID, [f, ...all, A1], NOTHING).tampering).toBeUndefined();
    });

    it.each<[string, object, RegExp]>([
      ['another subject', { subject: { type: 'user', id: 'eve' } }, /^its id is not/],
      ['no subject', { subject: undefined }, /^its id is not/],
      ['another detector', { detector: 'other' }, /^its id is not/],
      ['another tenant', { tenantId: 'other' }, /^its id is not/],
      ['another anchor', { anchor: { key: 'x', from: minutes(0) } }, /^its id is not/],
      ['another time of opening', { openedAt: minutes(9) }, /^it was opened at another time/],
      ...[
        undefined,
        { ...act, by: 'eve' },
        { ...act, at: minutes(14) },
        { ...act, reason: 'fixed' },
        { ...act, note: 'no' },
        { ...act, verb: 'reopen' },
      ].map((forged): [string, object, RegExp] => [
        `the act ${JSON.stringify(forged)}`,
        { act: forged },
        /^who decided on it/,
      ]),
    ])('is not with %s', (_what, over, detail) => {
      expect(look(over)).toMatch(detail);
    });

    it('is not with an act that nobody wrote down', () => {
      expect(look({ act }, H2, last.finding)).toMatch(/^who decided on it/);
    });

    it('may be graver only when it is resolved', () => {
      const open = { ...first.finding, severity: 'critical' as const };
      const beside = { digest: digestOf(open), movedAt: open.movedAt! };
      const f = row('finding', ID, open, undefined, { columns: beside });

      expect(verifyFinding(ID, [f, H1, A1], NOTHING).tampering?.detail).toMatch(/^it is graver/);
      expect(look({ severity: 'critical' })).toBeUndefined();
      expect(look({ severity: 'info' })).toBeUndefined();
    });
  });

  it('may be on its way out', () => {
    const sealed = { ...NOTHING, leaving: new Set([ID]) };

    expect(verifyFinding(ID, [H2], sealed).tampering).toBeUndefined();
    expect(verifyFinding(ID, [F, H2], sealed).tampering).toMatchObject({ what: 'removed' });
  });

  it('that came up again after a purge has a chain of its own', () => {
    const gone = { id: ID, sequence: 2, head: 'old', by: 7, gone: minutes(5) };
    const sealed = { ...NOTHING, findings: new Map([[ID, gone]]) };

    expect(verifyFinding(ID, [F, H1, H2, A1, A2], sealed).tampering).toBeUndefined();
    const through = minutes(99_999);
    expect(verifyFinding(ID, [F, H1, H2, A1, A2], { ...sealed, through }).tampering).toMatchObject({
      what: 'inserted',
    });
  });
});

describe('rules', () => {
  const added = stepAdding(RULE);
  const ended = stepEnding(added, { how: 'removed', at: minutes(9), by: 'eve' });
  const until = plus(minutes(9), 7 * DAY);
  const step = (of: RuleStep, columns: StoredText['columns']): StoredText =>
    row('rule', RULE.id, of, of.sequence, columns === undefined ? {} : { columns });
  const S0 = step(added, { neededUntil: FOREVER, propagated: 'no' });
  const S1 = step(added, { neededUntil: until, propagated: 'yes' });
  const S2 = step(ended, { neededUntil: until, propagated: 'yes' });
  const sealed: Sealed = {
    ...NOTHING,
    rules: new Map([[RULE.id, { id: RULE.id, sequence: 2, head: ended.hash, by: 3 }]]),
  };

  it.each<[string, readonly StoredText[], string | undefined]>([
    ['a rule that holds', [S0], undefined],
    [
      'one that the findings know of',
      [step(added, { ...S0.columns, propagated: 'yes' })],
      undefined,
    ],
    ['one that is hidden', [step(added, { neededUntil: until, propagated: 'yes' })], S1.place],
    ['one without columns', [step(added, undefined)], S1.place],
    ['one of another note', [step(added, { ...S0.columns, propagated: 'maybe' })], S1.place],
    ['one that has ended', [S1, S2], undefined],
    [
      'one whose end is not propagated',
      [S1, step(ended, { neededUntil: FOREVER, propagated: 'no' })],
      undefined,
    ],
    [
      'one whose end is hidden',
      [S1, step(ended, { neededUntil: added.at, propagated: 'yes' })],
      S2.place,
    ],
    ['one that is kept after its end', [S0, S2], S1.place],
  ])('stand beside columns by which runs find them: %s', (_what, rows, place) => {
    expect(verifyRules(rows, NOTHING)).toMatchObject(
      place === undefined ? [] : [{ what: 'changed', place }],
    );
  });

  it('are found by no column when they are holds', () => {
    const { expiresAt: _e, ...rest } = RULE;
    const hold = stepAdding({ ...rest, kind: 'hold' });

    expect(verifyRules([step(hold, {})], NOTHING)).toEqual([]);
    expect(verifyRules([step(hold, { neededUntil: FOREVER })], NOTHING)).toHaveLength(1);
  });

  it.each<[string, readonly StoredText[], object[]]>([
    ['whole', [S1, S2], []],
    ['without the end', [S1], [{ what: 'removed', place: `rule ${RULE.id} 2` }]],
    ['without any step', [], [{ what: 'removed', place: `rule ${RULE.id} 1` }]],
    ['with a stranger', [S1, S2, row('unknown', RULE.id, {})], [{ what: 'inserted' }]],
    [
      'made anew',
      [S1, row('rule', RULE.id, linked({ ...ended, by: 'x', hash: undefined }, added.hash), 2)],
      [{ what: 'changed' }],
    ],
  ])('are looked at: %s', (_what, rows, expected) => {
    expect(verifyRules(rows, sealed)).toMatchObject(expected);
    expect(verifyRules(rows, sealed)).toHaveLength(expected.length);
  });
});

describe('the chain', () => {
  const seal = (day: string, part = 1, isLast = true): Seal => ({
    ...{ kind: 'seal', day, part, isLast },
    ...{ findings: [{ id: ID, sequence: 2, head: 'h' }], rules: [], coverage: {} },
  });
  const ofHour = (day: string, hour: string, part = 1, isLast = true): Seal => ({
    ...seal(day, part, isLast),
    hour,
  });
  const purge: Purge = { kind: 'purge', before: minutes(0), findings: [] };
  const chainOf = (
    ...contents: readonly (Seal | Purge)[]
  ): { entries: StoredText[]; head: ChainHead } => {
    let head = EMPTY_CHAIN;
    const entries: StoredText[] = [];
    for (const content of contents) {
      const isDay = content.kind === 'seal' && content.hour === undefined;
      const next = nextEntry(
        head,
        isDay ? { hours: hoursOf(entries), ...content } : content,
        minutes(1),
      );
      head = next.head;
      entries.push(row('entry', '', next.entry, next.entry.sequence));
    }
    return { entries, head };
  };
  const hoursOf = (entries: readonly StoredText[]): readonly SealedHour[] =>
    entries
      .map(({ value }) => value as TrailEntry)
      .flatMap((each) =>
        each.kind === 'seal' && each.hour !== undefined && each.isLast
          ? [{ hour: each.hour, entry: each.sequence, hash: each.hash }]
          : [],
      );
  const look = (
    { entries, head }: ReturnType<typeof chainOf>,
    over: Partial<ChainHead> = {},
  ): ReturnType<typeof verifyChain>['tamperings'] =>
    verifyChain([...entries, row('head', '', { ...head, ...over })]).tamperings;
  const days = chainOf(seal('2026-01-31'), seal('2026-02-01'), purge, seal('2026-02-02', 1, false));

  it('is whole, or empty', () => {
    expect(look(days)).toEqual([]);
    expect(verifyChain([]).tamperings).toEqual([]);
    const hours = [ofHour('2026-01-31', '08', 1, false), ofHour('2026-01-31', '08', 2)];
    const byHour = chainOf(...hours, purge, ofHour('2026-01-31', '23'), seal('2026-01-31'));
    expect(look(byHour)).toEqual([]);
    const begun = chainOf(
      ...hours,
      ofHour('2026-01-31', '11'),
      ofHour('2026-01-31', '12', 1, false),
    );
    expect(verifyChain(begun.entries).sealed.through).toBe('2026-01-31T12:00:00.0000000Z');
    expect(look(chainOf(purge))).toEqual([]);
    expect(verifyChain(days.entries.slice(0, 0)).sealed.through).toBeUndefined();
  });

  it.each<[string, () => readonly object[], object[]]>([
    ['a head that is gone', () => verifyChain(days.entries).tamperings, [{ what: 'removed' }]],
    [
      'a head that cannot be read',
      () => verifyChain([...days.entries, row('head', '', 'x')]).tamperings,
      [{ what: 'changed' }],
    ],
    ['a head ahead', () => look(days, { sequence: 5 }), [{ what: 'removed', place: 'entry 5' }]],
    ['a head behind', () => look(days, { sequence: 3 }), [{ what: 'inserted', place: 'entry 4' }]],
    ['a head with another hash', () => look(days, { hash: 'x' }), [{ what: 'changed' }]],
    [
      'a head with a purge that is none',
      () => look(days, { unfinished: 1 }),
      [{ what: 'changed' }],
    ],
    ['a head that copied too much', () => look(days, { copied: 9 }), [{ what: 'changed' }]],
    ...[
      { ...seal('x'), kind: 'x' },
      { ...seal('x'), day: 'x' },
      { ...purge, findings: 7 },
    ].map((odd): [string, () => readonly object[], object[]] => [
      `an entry of no shape, with a hash that fits: ${JSON.stringify(odd)}`,
      () => look(chainOf(odd as unknown as Purge)),
      [{ what: 'changed', place: 'entry  1' }],
    ]),
    [
      'a stranger',
      () =>
        verifyChain([...days.entries, row('head', '', days.head), row('unknown', '', {})])
          .tamperings,
      [{ what: 'inserted' }],
    ],
    [
      'a day that is missing',
      () => look(chainOf(seal('2026-01-31'), seal('2026-02-02'))),
      [{ what: 'changed', place: 'entry 2' }],
    ],
    [
      'a day twice',
      () => look(chainOf(seal('2026-01-31'), seal('2026-01-31'))),
      [{ what: 'changed', place: 'entry 2' }],
    ],
    [
      'a part that is missing',
      () => look(chainOf(seal('2026-01-31', 1, false), seal('2026-01-31', 3))),
      [{ what: 'changed', place: 'entry 2' }],
    ],
    ...(
      [
        ['an hour twice', ofHour('2026-01-31', '09'), ofHour('2026-01-31', '09')],
        ['hours out of order', ofHour('2026-01-31', '09'), ofHour('2026-01-31', '08')],
        ['an hour of another day', ofHour('2026-01-31', '09'), ofHour('2026-02-01', '10')],
        ['a day before the one of its hours', ofHour('2026-01-31', '09'), seal('2026-01-30')],
        ['an hour of a day that is sealed', seal('2026-01-31'), ofHour('2026-01-31', '23')],
        [
          'a part of another hour',
          ofHour('2026-01-31', '09', 1, false),
          ofHour('2026-01-31', '10', 2),
        ],
        [
          'a day that lists none of its hours',
          ofHour('2026-01-31', '09'),
          { ...seal('2026-01-31'), hours: [] },
        ],
        [
          'a day that lists an hour that is not there',
          ofHour('2026-01-31', '09'),
          { ...seal('2026-01-31'), hours: [{ hour: '08', entry: 1, hash: 'x' }] },
        ],
      ] as const
    ).map(([what, ...of]): [string, () => readonly object[], object[]] => [
      what,
      () => look(chainOf(...of)),
      [{ what: 'changed', place: 'entry 2' }],
    ]),
    ...['24', '9', 'x'].map((hour): [string, () => readonly object[], object[]] => [
      `an hour that no day has: ${hour}`,
      () => look(chainOf(ofHour('2026-01-31', hour))),
      [{ what: 'changed', place: 'entry  1' }],
    ]),
    [
      'hours that are no list',
      () => look(chainOf({ ...seal('2026-01-31'), hours: 7 } as unknown as Seal)),
      [{ what: 'changed', place: 'entry  1' }],
    ],
    [
      'a head that names another hour',
      () => {
        const of = chainOf(ofHour('2026-01-31', '09'));
        return look(of, { lastSeal: { ...of.head.lastSeal!, hour: '10' } });
      },
      [{ what: 'changed' }],
    ],
    [
      'a first part that is none',
      () => look(chainOf(seal('2026-01-31', 2))),
      [{ what: 'changed', place: 'entry 1', detail: expect.stringContaining('no seal') as string }],
    ],
  ])('tells %s', (_what, work, expected) => {
    expect(work()).toMatchObject(expected);
  });

  it('says what must be there', () => {
    const gone = { ...purge, findings: [{ id: ID, sequence: 3, head: 'i' }] };
    const { entries, head } = chainOf(seal('2026-01-31'), gone);
    const rows = (of: ChainHead): StoredText[] => [...entries, row('head', '', of)];

    const open = verifyChain(rows(head)).sealed;
    const done = verifyChain(rows(finished(head))).sealed;

    expect([...open.leaving]).toEqual([ID]);
    expect([...done.leaving]).toEqual([]);
    const said = entries.flatMap((each) => headsIn(entryIn(each)!));
    expect(said).toMatchObject([
      { id: ID, sequence: 2, by: 1, day: '2026-01-31' },
      { id: ID, sequence: 3, by: 2, gone: minutes(1) },
    ]);
    expect(entryIn(row('head', '', head))).toBeUndefined();
    expect(entryIn(row('entry', '', { kind: 'x' }, 1))).toBeUndefined();
    const kept = nextEntry(head, { kind: 'kept', purge: 2, findings: gone.findings }, minutes(2));
    expect(headsIn(kept.entry)).toEqual([{ ...gone.findings[0]!, by: 3 }]);
    expect(done.purgedTo).toBe(minutes(0).slice(0, 10));
    expect(done).toMatchObject({ seals: 1, purges: 1, through: '2026-02-01T00:00:00.0000000Z' });
    expect(entries.map(({ value }) => (value as TrailEntry).sequence)).toEqual([1, 2]);
  });
});
