import { z } from 'zod';
import document from '../../docs/openapi.json';
import { MemoryTables } from '../../shared/adapters/memory/memory-table';
import { StorageError } from '../../shared/adapters/tables/errors';
import type { Answer } from '../../shared/api/answer';
import type { ApiMonitor } from '../../shared/api/endpoint';
import { failure } from '../../shared/api/respond';
import { ROUTES, type Route } from '../../shared/api/routes';
import { DETECTORS } from '../../shared/detectors/index';
import { RAISES as GUEST } from '../detectors/guest-proxy-address-conflict.stories';
import { recordsOf } from '../detectors/rounds';
import { RAISES as RESERVED } from '../detectors/upn-proxy-address-reserved.stories';
import { SUBJECT_TYPES } from '../../shared/domain/findings/signal';
import { DAY, HOUR, MINUTE, plus, toInstant } from '../../shared/domain/time';
import { LOG_READING } from '../../shared/pipeline/findings/log-reading';
import { addRule } from '../../shared/pipeline/findings/rules';
import { sealRecord } from '../../shared/pipeline/audit-trail/seal';
import { unreadableRow } from '../contracts/samples';
import { ask, GROUP, monitorOver, textOf, type Asked } from '../fakes/api-monitor';
import { giveUpCoverage, inFeed } from '../fakes/cover';
import { DemoWatch } from '../fakes/demo-watch';
import { putAlert } from '../fakes/put-alert';
import { askedForInfo, groupRow, passIssued, registered, wrongPassword } from '../fakes/records';
import { configured, deliver } from '../fakes/run';
import { OTHER_TENANT, principal } from '../functions/api-host';

/**
 * The published description is a promise: every answer of every endpoint fits it, without a field that it does not name.
 * The answers are those of the handlers over what a week of the demo tenant has left, with all that people do there.
 */

interface Response {
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}
const paths = document.paths as unknown as Readonly<
  Record<
    string,
    Readonly<Record<string, { readonly responses: Readonly<Record<string, Response>> }>>
  >
>;
const $defs = renamed(document.components.schemas);

/** The references of the description as those of a single schema. */
function renamed(value: object): object {
  return JSON.parse(
    JSON.stringify(value).replaceAll('#/components/schemas/', '#/$defs/'),
  ) as object;
}

function schemaOf(schema: object): z.ZodType {
  return z.fromJSONSchema({ ...renamed(schema), $defs } as never);
}

const component = (name: keyof typeof document.components.schemas): z.ZodType =>
  schemaOf({ $ref: `#/components/schemas/${name}` });

/** What was answered so far, as `GET /api/findings 200`. */
const seen = new Set<string>();

/** Holds an answer against the description of its endpoint. @returns the body */
async function fits(route: Route, { status, headers, body }: Answer): Promise<unknown> {
  const { method, path } = route;
  seen.add(`${method} ${path} ${status}`);
  const described = paths[path]?.[method.toLowerCase()]?.responses[status];
  expect([path, status, described]).toEqual([path, status, expect.anything()]);
  const text = await textOf({ status, headers, ...(body !== undefined && { body }) });
  if (described?.content === undefined) {
    expect([path, text]).toEqual([path, '']);
    return undefined;
  }
  const type = headers['Content-Type']?.split(';')[0] ?? '';
  expect(Object.keys(described.content)).toContain(type);
  const value: unknown =
    type.endsWith('json') && !type.endsWith('ndjson') ? JSON.parse(text) : text;
  const { error } = schemaOf(described.content[type]?.schema ?? {}).safeParse(value);
  expect([path, status, error && z.prettifyError(error)]).toEqual([path, status, undefined]);
  return value;
}

const START = toInstant('2026-03-02T12:00:00Z');
const watch = new DemoWatch(new MemoryTables(), {
  ...{ at: START, began: START, news: plus(START, 30 * HOUR) },
});
const { stores, clock } = watch;
const monitor = monitorOver(stores, { clock });
const routeOf = (name: string): Route => ROUTES.find((each) => each.name === name)!;

/** Asks a route; `{id}` and what follows the path are given. */
async function get(
  name: string,
  {
    id = '',
    query = '',
    of = monitor,
    ...asked
  }: Asked & {
    readonly id?: string;
    readonly query?: string;
    readonly of?: ApiMonitor;
  } = {},
): Promise<unknown> {
  const route = routeOf(name);
  const line = `${route.method} ${route.path.replace('{id}', id)}${query}`;
  const answer = await ask(of, line, asked).catch((error: unknown) => failure(error, 'i'));
  return fits(route, answer);
}

interface Listed {
  readonly id: string;
  readonly detector: string;
  readonly status: string;
  readonly subject: { readonly type: string };
}
let listed: readonly Listed[];
const decide = (id: string, body: object | string, ifMatch = '*'): Promise<unknown> =>
  get('transitions', {
    ...{ id, headers: { 'if-match': ifMatch } },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

beforeAll(async () => {
  await watch.round();
  await watch.through(6);
  // Each log once, so that there is a failure that is over and one that lasts.
  watch.refused = 'signIns';
  await watch.through(30);
  watch.refused = undefined;
  await watch.through(4);
  watch.refused = 'directoryAudits';
  await watch.through(5);
  // Longer ago than anything that the demo tells.
  const issued = passIssued({ id: 'pass', user: 'noor', at: plus(START, HOUR) });
  // The tenant of the demo has no groups: many that synchronisation deletes, and each of them.
  const gone = Array.from({ length: 6 }, (_, i) =>
    groupRow({ id: `gone-${i}`, user: '', at: plus(START, HOUR + i * MINUTE) }, 'Delete group', {
      ...{ group: `g${i}`, label: `Team ${i}`, by: 'ConnectSyncProvisioning_SRV01' },
    }),
  );
  const prompts = [-19, 1, 3].map((hour, i) =>
    askedForInfo({ id: `p${i}`, user: 'lee', at: plus(START, hour * HOUR) }, `attempt ${i}`),
  );
  const known = registered({ id: 'known', user: 'lee', at: plus(START, -20 * HOUR) });
  const wrong = Array.from({ length: 24 }, (_, i) =>
    wrongPassword(
      { id: `wrong-${i}`, user: 'kim', at: plus(START, 3 * HOUR + i * 30_000) },
      { clientApp: 'Browser', address: `192.0.2.${1 + (i % 6)}` },
    ),
  );
  const told = {
    records: [issued, ...gone, known, ...prompts, ...wrong],
    coverage: [],
    now: clock.now(),
  };
  await deliver({ stores, detectors: configured() }, told);
  const ofDirectory = [GUEST, RESERVED].flatMap((each) => recordsOf(each[0]!));
  await deliver({ stores, detectors: configured() }, { ...told, records: ofDirectory });
  const [first, second] = stores.findings.list();
  const made = { owner: 'olga', reason: 'known', createdBy: 'olga' };
  const expiresAt = plus(clock.now(), 30 * DAY);
  const scope = { subjectId: first!.subject.id };
  await addRule({ stores, clock }, { kind: 'suppression', scope, expiresAt, ...made });
  await addRule(
    { stores, clock },
    { kind: 'hold', scope: { subjectId: second!.subject.id }, ...made },
  );
  const gap = { from: START, to: plus(START, MINUTE), detectors: [DETECTORS[0]!.id] };
  const ended = { how: 'accepted', at: clock.now(), by: 'olga', reason: 'a test' } as const;
  await stores.quarantine.add([
    unreadableRow('0123456789a0'),
    unreadableRow('0123456789a1', { gap, lengths: { id: 36 }, isMany: true }),
    unreadableRow('0123456789a2', { gap: { ...gap, wasWider: true }, ended, isHeard: true }),
  ]);
  await stores.coverage.change('signIns', (source) => ({
    ...inFeed('signIns', (feed) => ({
      ...feed,
      droppedFilter: { filter: 'status/errorCode eq 0', why: 'hides-rows', at: START },
      backfill: { from: START, to: clock.now(), at: START },
    }))(source),
    dayFailure: {
      ...{ failure: 'forbidden', message: 'no', remedy: 'grant it', runs: 1 },
      ...{ since: START, kindSince: START, lastAt: START },
    },
  }));
  await putAlert(stores.outbox, `${first!.id}-1`, 'dead', { attempts: 9, reason: 'no answer' });
  await watch.round();
  await sealRecord({ stores, copies: undefined, clock });
  const ids = DETECTORS.map(({ id }) => id);
  const unread = { from: plus(START, -9 * DAY), to: plus(START, -8 * DAY) };
  await giveUpCoverage(stores.coverage, 'directoryAudits', unread, ids);
  ({ findings: listed } = (await get('findings')) as { findings: Listed[] });
}, 120_000);

describe('the published description', () => {
  it('is strict: it names every field that an answer may have', () => {
    const loose = [...JSON.stringify(document).matchAll(/"additionalProperties":(\{\}|true)/g)];

    // The facts of a finding are the detector's own, and the description describes itself no further.
    expect(loose).toHaveLength(2);
    expect(component('FindingLine').safeParse({ ...listed[0], more: 1 }).success).toBe(false);
  });

  it('fits findings of every detector and of every type of subject', async () => {
    const found = new Set(listed.map(({ detector }) => detector));
    const types = new Set(listed.map(({ subject }) => subject.type));

    expect([...found].sort()).toEqual([...DETECTORS, LOG_READING].map(({ id }) => id).sort());
    expect([...types].sort()).toEqual(SUBJECT_TYPES.filter((each) => each !== 'count').sort());
    for (const { id } of listed) {
      await get('finding', { id });
    }
    await get('findings', { query: '?top=1' });
  });

  it('fits what people decide, and the history that this leaves', async () => {
    const [one, other] = listed.filter(({ status }) => status === 'open');
    const note = 'seen';
    await decide(one!.id, { action: 'acknowledge', note });
    await decide(one!.id, { action: 'resolve', reason: 'accepted', note });
    await decide(one!.id, { action: 'reopen' });
    await decide(other!.id, { action: 'resolve', reason: 'fixed' });
    clock.advance(MINUTE);

    await decide(one!.id, { action: 'reopen' });
    await decide(one!.id, { action: 'acknowledge' }, '"other"');
    await decide(one!.id, { action: 'acknowledge' }, '');
    await decide(one!.id, `{"action":"acknowledge","note":"${'x'.repeat(20_000)}"}`);
    await decide(`${one!.id.slice(0, -1)}${one!.id.endsWith('0') ? '1' : '0'}`, {
      action: 'reopen',
    });
    await decide(one!.id, 'no JSON');
    const { headers } = await ask(monitor, `GET /api/findings/${one!.id}`);
    await get('finding', { id: one!.id, headers: { 'if-none-match': headers['ETag']! } });
    await get('finding', { id: '0123456789abcdef-0123456789ab' });
  });

  it('fits exports, each finding in them too', async () => {
    await get('export', { query: '?format=csv' });
    await get('export', { query: '?format=ocsf' });
    const lines = ((await get('export', { query: '?format=ndjson' })) as string).trim().split('\n');

    const whole = component('Finding');
    for (const line of lines.slice(0, -1)) {
      const { error } = whole.safeParse(JSON.parse(line));
      expect(error && z.prettifyError(error)).toBeUndefined();
    }
    expect(lines.length - 1).toBe(listed.length);
  });

  it('fits what the monitor says of itself', async () => {
    const status = (await get('status')) as {
      alerts: { undelivered: object[] };
      sources: { feeds: { failure?: object; journal?: object }[] }[];
    };
    const feeds = status.sources.flatMap((each) => each.feeds);
    const coverage = (await get('coverage')) as {
      sources: { detectors: Record<string, { gaps: object[] }> }[];
      unreadableRows: { open: object[]; accepted: object[] };
    };

    // What is not there was not looked at.
    expect(status.alerts.undelivered).not.toEqual([]);
    expect(feeds.some(({ failure }) => failure !== undefined)).toBe(true);
    expect(feeds.some(({ journal }) => journal !== undefined)).toBe(true);
    expect(coverage.unreadableRows).toMatchObject({ open: [{}, {}], accepted: [{}] });
    expect(
      coverage.sources.flatMap((each) => Object.values(each.detectors).flatMap(({ gaps }) => gaps)),
    ).not.toEqual([]);
    await get('stats');
    await get('readiness');
    await get('readiness', { query: `?group=${GROUP}` });
    await get('readiness', { query: `?group=${GROUP.replace('1', '2')}` });
    await get('verify');
    await get('health');
    await get('health', { isUp: false });
    await get('openapi');
  });

  it('fits what is wrong with the record', async () => {
    const findings = stores.tables.contents('Findings');
    const [key, row] = [...findings.rows].find(([, { rowKey }]) => rowKey.startsWith('h|'))!;
    findings.remove(key);
    const found = (await get('verify')) as { isSound: boolean; tamperings: object[] };
    findings.put(row);

    expect(found.tamperings).not.toEqual([]);
    expect(found.isSound).toBe(false);
  });

  it('fits resends', async () => {
    const id = `${stores.findings.list()[0]!.id}-1`;
    await get('resend', { id });
    await get('resend', { id });
    await get('resend', { id: id.replace(/-1$/, '-99') });
  });

  it.each(ROUTES.filter(({ role }) => role !== undefined).map((each) => [each.name] as const))(
    '%s: fits every refusal and failure',
    async (name) => {
      const broken = {
        ...monitor,
        get config(): never {
          throw new StorageError('does not answer', 'Findings', 'try again');
        },
      };
      const faulty = {
        ...monitor,
        get config(): never {
          throw new Error('a fault');
        },
      };
      const id = 'x';
      await get(name, { id, query: '?colour=red' });
      await get(name, { id, headers: { 'x-ms-client-principal': '' } });
      await get(name, { id, headers: { 'x-ms-client-principal': principal([]) } });
      const tid = OTHER_TENANT;
      await get(name, {
        ...{ id, headers: { 'x-ms-client-principal': principal(['Operator'], { tid }) } },
      });
      await get(name, { id, of: broken });
      await get(name, { id, of: faulty });
      if (routeOf(name).method === 'POST') {
        await get(name, { id, headers: { 'content-type': 'text/plain' } });
        await get(name, { id, headers: { origin: 'https://evil.example.com' } });
      }
    },
  );

  it('fits the refusal of a query to the description itself', async () => {
    await get('openapi', { query: '?colour=red' });
  });

  it.each([
    ['GET /api/else', 404],
    ['DELETE /api/findings', 405],
    ['POST /api/openapi.json', 405],
  ])('%s: a problem as all others', async (line, status) => {
    const answer = await ask(monitor, line);

    expect([
      answer.status,
      component('Problem').safeParse(JSON.parse(await textOf(answer))),
    ]).toEqual([status, expect.objectContaining({ success: true })]);
  });

  it('describes no answer that was not seen here', () => {
    const described = ROUTES.flatMap(({ method, path }) =>
      Object.keys(paths[path]?.[method.toLowerCase()]?.responses ?? {}).map(
        (status) => `${method} ${path} ${status}`,
      ),
    );

    expect([...seen].sort()).toEqual(described.sort());
    expect(Object.keys(paths).sort()).toEqual(ROUTES.map(({ path }) => path).sort());
  });
});
