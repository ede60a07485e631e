import {
  createDemoTenant,
  type DemoOptions,
  type DemoTenant,
} from '../../../cli/demo-tenant/demo-tenant';
import { serveDemoTenant } from '../../../cli/demo-tenant/serve';
import { STORY_NAMES } from '../../../cli/demo-tenant/stories';
import { memoryStores, type MemoryStores } from '../../fakes/memory-stores';
import { readRow } from '../../../shared/adapters/rows/read-row';
import { configureDetectors } from '../../../shared/config/detectors';
import type { EntraRecord, Log } from '../../../shared/domain/record';
import { HOUR, MINUTE, plus, SECOND, toInstant, type Instant } from '../../../shared/domain/time';
import { drainMarks } from '../../../shared/pipeline/findings/assess';
import { keep } from '../../../shared/pipeline/findings/keep';
import { select, wantedBy } from '../../../shared/pipeline/findings/select';
import { extendCoverage } from '../../fakes/cover';
import { needsSource } from '../../../shared/domain/detector';
import { LOGS } from '../../../shared/sources';

type Row = Readonly<Record<string, unknown>>;
interface Page {
  readonly value: readonly Row[];
  readonly '@odata.nextLink'?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

const TENANT = 'de300000-0000-4000-8000-000000000001';
const BEGAN = toInstant('2026-03-02T12:00:00Z');
const BASE = 'http://127.0.0.1/v1.0/auditLogs';
const TIME = { directoryAudits: 'activityDateTime', signIns: 'createdDateTime' } as const;

/** A tenant whose time a test moves. */
const tenantAt = (
  began = BEGAN,
  options: Partial<DemoOptions> = {},
): { tenant: DemoTenant; time: { now: Instant } } => {
  const time = { now: began };
  const tenant = createDemoTenant({ tenantId: TENANT, now: () => time.now, ...options });
  return { tenant, time };
};

const get = async (tenant: DemoTenant, url: string, init?: RequestInit): Promise<Page> =>
  (await (await tenant.handle(new Request(url, init))).json()) as Page;

const list = async (
  tenant: DemoTenant,
  source: Log,
  query: Record<string, string> = {},
): Promise<readonly Row[]> => {
  const rows: Row[] = [];
  let url: string | undefined = `${BASE}/${source}?${new URLSearchParams(query).toString()}`;
  while (url !== undefined) {
    const page: Page = await get(tenant, url);
    rows.push(...page.value);
    url = page['@odata.nextLink'];
  }
  return rows;
};

jest.setTimeout(30_000);

describe('the demo tenant', () => {
  it('answers with rows of the last day, the newest first', async () => {
    const { tenant } = tenantAt();

    const rows = await list(tenant, 'signIns');

    const times = rows.map((row) => String(row['createdDateTime']));
    expect(rows.length).toBeGreaterThan(300);
    expect(times).toEqual(times.toSorted().reverse());
    expect(times.at(-1)! >= plus(BEGAN, -24 * HOUR)).toBe(true);
    expect(times.every((time) => /\.\d{7}Z$/.test(time))).toBe(true);
  });

  it('holds names and addresses of the documentation ranges only', () => {
    const { tenant } = tenantAt();

    const text = JSON.stringify(tenant.rows);

    const names = text.match(/[\w.]+@[\w.]+/g) ?? [];
    const addresses = text.match(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g) ?? [];
    expect(names.every((name) => name.endsWith('@example.com'))).toBe(true);
    expect(
      addresses.filter((each) => !/^(192\.0\.2|203\.0\.113|140\.0\.0)\./.test(`${each}.`)),
    ).toEqual([]);
  });

  it.each(LOGS)('sends every field of %s that Graph documents', (source) => {
    const { tenant } = tenantAt();
    const fields = {
      directoryAudits:
        'activityDateTime activityDisplayName additionalDetails category correlationId id initiatedBy ' +
        'loggedByService operationType result resultReason targetResources',
      signIns:
        'appDisplayName appId appliedConditionalAccessPolicies authenticationAppDeviceDetails clientAppUsed ' +
        'conditionalAccessStatus correlationId createdDateTime deviceDetail homeTenantId id ipAddress isInteractive ' +
        'location resourceDisplayName resourceId resourceTenantId riskDetail riskEventTypes riskEventTypes_v2 ' +
        'riskLevelAggregated riskLevelDuringSignIn riskState servicePrincipalId servicePrincipalName status ' +
        'userAgent userDisplayName userId userPrincipalName',
    }[source].split(' ');

    const rows = tenant.rows.filter((row) => row.source === source);

    expect(rows.every((row) => Object.keys(row.json).sort().join() === fields.join())).toBe(true);
  });

  describe('answering', () => {
    it('filters by time and by one property', async () => {
      const { tenant } = tenantAt();
      const [from, to] = [plus(BEGAN, -6 * HOUR), plus(BEGAN, -HOUR)];

      const rows = await list(tenant, 'signIns', {
        $filter: `createdDateTime ge ${from} and createdDateTime le ${to} and (clientAppUsed eq 'Exchange ActiveSync' or clientAppUsed eq 'x')`,
      });

      const all = tenant.rows.filter(
        ({ json, at, visibleAt }) =>
          json['clientAppUsed'] === 'Exchange ActiveSync' &&
          at >= from &&
          at <= to &&
          visibleAt <= BEGAN,
      );
      expect(rows.map((row) => row['id']).sort()).toEqual(all.map((row) => row.id).sort());
      expect(rows.length).toBeGreaterThan(2);
    });

    it('filters by whom a row is about', async () => {
      const { tenant } = tenantAt();
      const told = tenant.addStory('completed', plus(BEGAN, -HOUR))!.person.id;
      const blocked = tenant.addStory('eas-blocked', plus(BEGAN, -HOUR))!.person.id;

      const audits = await list(tenant, 'directoryAudits', {
        $filter: `activityDateTime ge ${plus(BEGAN, -2 * HOUR)} and targetResources/any(t:t/id eq '${told}')`,
      });
      const signIns = await list(tenant, 'signIns', {
        $filter: `createdDateTime ge ${plus(BEGAN, -2 * HOUR)} and userId eq '${blocked}'`,
      });

      const targets = audits.map((row) => row['targetResources'] as readonly Row[]);
      expect(targets.every((each) => each.some((target) => target['id'] === told))).toBe(true);
      expect(audits.map((row) => row['activityDisplayName'])).toEqual(
        expect.arrayContaining(['Update user', 'User registered security info']),
      );
      expect(signIns.every((row) => row['userId'] === blocked)).toBe(true);
      expect(signIns.some((row) => row['clientAppUsed'] === 'Exchange ActiveSync')).toBe(true);
    });

    it('cuts pages that hold every row once, in either order', async () => {
      const { tenant } = tenantAt();
      const whole = await list(tenant, 'signIns');

      const paged = await list(tenant, 'signIns', { $top: '37' });
      const turned = await list(tenant, 'signIns', { $top: '37', $orderby: 'createdDateTime' });

      expect(paged).toEqual(whole);
      expect(turned).toEqual(whole.toReversed());
    });

    it('goes on where a page ended although newer rows came meanwhile', async () => {
      const { tenant, time } = tenantAt(BEGAN, { storyEvery: 40 * SECOND });
      const first = await get(tenant, `${BASE}/signIns?$top=10`);
      const known = await list(tenant, 'signIns');
      time.now = plus(BEGAN, 10 * MINUTE);

      const second = await get(tenant, first['@odata.nextLink']!);

      expect(second.value[0]?.['id']).toBe(known[10]?.['id']);
    });

    it('shows a late row once it is visible, and no row of the future', async () => {
      const { tenant, time } = tenantAt();
      const [late, soon] = [plus(BEGAN, 5 * MINUTE), plus(BEGAN, MINUTE)];
      const told = [
        tenant.addStory('eas-blocked', plus(BEGAN, -HOUR), late),
        tenant.addStory('eas-blocked', soon),
      ].map((story) => story!.truth!.eventIds[0]!);
      const seen = async (): Promise<boolean[]> => {
        const ids = (await list(tenant, 'signIns')).map((row) => row['id']);
        return told.map((id) => ids.includes(id));
      };

      expect(await seen()).toEqual([false, false]);
      time.now = soon;
      expect(await seen()).toEqual([false, true]);
      time.now = late;
      expect(await seen()).toEqual([true, true]);
    });

    it('sends the results of report-only policies only to who asks for them', async () => {
      const { tenant } = tenantAt();
      const url = `${BASE}/signIns`;
      const headers = { Prefer: 'include-unknown-enum-members' };

      const asked = JSON.stringify(await get(tenant, url, { headers }));
      const plain = JSON.stringify(await get(tenant, url));

      expect([asked, plain].map((text) => text.includes('reportOnlyFailure'))).toEqual([
        true,
        false,
      ]);
      expect(plain).toContain('unknownFutureValue');
    });

    it.each([
      ['a time in quotes', 400, "signIns?$filter=createdDateTime ge '2026-03-02T12:00:00Z'"],
      ['a property of the other log', 400, "directoryAudits?$filter=clientAppUsed eq 'Browser'"],
      ['more than 1000 rows', 400, 'signIns?$top=1001'],
      ['no rows', 400, 'signIns?$top=0'],
      ['$skip', 400, 'signIns?$skip=10'],
      ['another order', 400, 'signIns?$orderby=userId'],
      ['a token of its own making', 400, 'signIns?$skiptoken=abc'],
      ['another log', 404, 'provisioning'],
    ])('refuses %s', async (_, status, path) => {
      const { tenant } = tenantAt();

      const response = await tenant.handle(new Request(`${BASE}/${path}`));

      const { error } = (await response.json()) as Page;
      expect(response.status).toBe(status);
      expect(error?.code).toBe('BadRequest');
    });

    it('refuses a token that belongs to another filter', async () => {
      const { tenant } = tenantAt();
      const { '@odata.nextLink': link } = await get(tenant, `${BASE}/signIns?$top=10`);

      const other = await get(tenant, `${link!}&$filter=userId eq 'x'`);

      expect(other.error?.message).toContain('Invalid Skip Token');
    });

    it('refuses to be written to', async () => {
      const { tenant } = tenantAt();

      const response = await tenant.handle(new Request(`${BASE}/signIns`, { method: 'DELETE' }));

      expect(response.status).toBe(405);
    });

    it('asks for a sign-in only when told to', async () => {
      const { tenant } = tenantAt(BEGAN, { authorization: 'Bearer x' });
      const ask = async (init?: RequestInit): Promise<number> =>
        (await tenant.handle(new Request(`${BASE}/signIns`, init))).status;

      expect(await ask()).toBe(401);
      expect(await ask({ headers: { Authorization: 'Bearer x' } })).toBe(200);
    });

    it('lets a test answer instead', async () => {
      const { tenant } = tenantAt(BEGAN, {
        intercept: ({ url }) =>
          url.endsWith('signIns') ? new Response(null, { status: 429 }) : undefined,
      });

      expect((await tenant.handle(new Request(`${BASE}/signIns`))).status).toBe(429);
      expect((await tenant.handle(new Request(`${BASE}/directoryAudits`))).status).toBe(200);
    });

    it('serves over loopback, zipped for who takes that', async () => {
      const { tenant } = tenantAt();
      const { url, close } = await serveDemoTenant(tenant);
      try {
        const response = await fetch(`${url}/v1.0/auditLogs/signIns?$top=50`);
        const { value, '@odata.nextLink': next } = (await response.json()) as Page;

        expect(response.headers.get('content-encoding')).toBe('gzip');
        expect(value).toHaveLength(50);
        expect(new URL(next!).origin).toBe(url);
      } finally {
        await close();
      }
    });
  });

  describe('its truth', () => {
    it('is what the detectors find in its past', async () => {
      const { tenant, time } = tenantAt();
      const watch = watcher(tenant);

      await watch.poll(time.now);

      expect(watch.found()).toEqual(expectedOf(tenant, time.now));
      expect(watch.found().map((each) => each.detector)).toEqual([
        'eas-success-despite-ca-failure',
        'mfa-registration-unfinished',
        'registration-without-outcome',
      ]);
    });

    it.each([
      ['in the middle of a month', BEGAN],
      ['over the end of a month', toInstant('2026-02-28T23:52:00Z')],
    ])('is what the detectors find while it unfolds %s', async (_, began) => {
      const { tenant, time } = tenantAt(began, { storyEvery: 40 * SECOND });
      const watch = watcher(tenant);

      for (let passed = 0; passed <= 16 * MINUTE; passed += 40 * SECOND) {
        time.now = plus(began, passed);
        await watch.poll(time.now);
        expect(watch.found()).toEqual(expectedOf(tenant, time.now));
      }

      expect(watch.found().length).toBeGreaterThan(12);
      expect(new Set(watch.found().map((each) => each.resolution))).toEqual(
        new Set([undefined, 'completed', 'superseded']),
      );
    });

    it.each(STORY_NAMES.map((name) => [name]))('of the story %s holds alone', async (name) => {
      const { tenant, time } = tenantAt();
      const watch = watcher(tenant);
      const at = plus(BEGAN, -4 * HOUR);
      const { person, truth } = tenant.addStory(name, at, plus(BEGAN, -2 * MINUTE))!;

      await watch.poll(time.now);

      // Here the late rows are there from the beginning.
      const isTakenBack = truth?.end?.resolution === 'superseded';
      expect(watch.found().filter((each) => each.subject === person.id)).toHaveLength(
        truth === undefined || isTakenBack ? 0 : 1,
      );
    });

    it('tells of every person once, and then ends', () => {
      const { tenant } = tenantAt();
      const told: string[] = [];

      for (let i = 0; i < 100; i++) {
        told.push(...[tenant.addStory('unfinished', BEGAN)?.person.id ?? []].flat());
      }

      expect(told.length).toBeGreaterThan(15);
      expect(new Set(told).size).toBe(told.length);
    });

    it('tells the same for the same seed and time', () => {
      const [one, two] = [tenantAt().tenant, tenantAt().tenant];
      const other = tenantAt(BEGAN, { seed: 'other' }).tenant;

      expect(one.rows).toEqual(two.rows);
      expect(other.rows).not.toEqual(one.rows);
    });

    it('forgets rows after a week', () => {
      const { tenant } = tenantAt(BEGAN, { storyEvery: 40 * SECOND });

      tenant.unfold(plus(BEGAN, 9 * 24 * HOUR));

      expect(tenant.rows.every((row) => row.at >= plus(BEGAN, 2 * 24 * HOUR))).toBe(true);
    });
  });
});

// ------------------------------------------------------------------------------------------------- a small monitor

interface Found {
  readonly detector: string;
  readonly subject: string;
  readonly name: string | undefined;
  readonly severity: string;
  readonly status: string;
  readonly resolution: string | undefined;
  readonly count: number;
  readonly eventIds: readonly string[];
}

const DETECTORS = configureDetectors({});
const ENABLED = DETECTORS.map((each) => each.detector);

/** Reads the last three hours at every poll, and takes the log for complete up to two hours ago. */
const watcher = (
  tenant: DemoTenant,
): { poll(now: Instant): Promise<void>; found(): readonly Found[] } => {
  const stores = memoryStores();
  let since: Instant | undefined;
  return {
    async poll(now) {
      const from = since === undefined ? plus(now, -24 * HOUR) : plus(now, -185 * MINUTE);
      since ??= from;
      for (const source of LOGS) {
        const records = await readAll(tenant, source, from, now);
        await keep(stores, select(TENANT, ENABLED, records));
        const ids = ENABLED.filter((each) => needsSource(each, source)).map((each) => each.id);
        await extendCoverage(
          stores.coverage,
          source,
          { from: since, to: plus(now, -2 * HOUR) },
          ids,
        );
      }
      const clock = { now: () => now };
      const { faults } = await drainMarks({
        ...{ tenantId: TENANT, detectors: DETECTORS, stores, clock },
      });
      expect(faults).toEqual([]);
    },
    found: () => foundIn(stores, tenant),
  };
};

const readAll = async (
  tenant: DemoTenant,
  source: Log,
  from: Instant,
  to: Instant,
): Promise<EntraRecord[]> => {
  const $filter = `${TIME[source]} ge ${from} and ${TIME[source]} le ${to}`;
  const rows = await list(tenant, source, { $filter });
  const wanted = wantedBy(ENABLED, source);
  return rows.flatMap((row) => {
    const read = readRow(source, { ...row }, wanted);
    expect(read).not.toHaveProperty('malformed');
    return 'record' in read ? [read.record] : [];
  });
};

const foundIn = (stores: MemoryStores, tenant: DemoTenant): readonly Found[] =>
  inOrder(
    stores.findings.list().map((finding) => {
      const truth = tenant
        .truth('9999' as Instant)
        .find((each) => each.subject.id === finding.subject.id);
      const evidence = finding.evidence.map((each) => each.eventId);
      return {
        detector: finding.detector,
        subject: finding.subject.id,
        name: finding.subject.name,
        severity: finding.severity,
        status: finding.status,
        resolution: finding.resolution,
        count: finding.count,
        eventIds: (truth?.eventIds ?? []).filter((id) => evidence.includes(id)),
      };
    }),
  );

const expectedOf = (tenant: DemoTenant, now: Instant): readonly Found[] =>
  inOrder(
    tenant.truth(now).map((each) => ({
      detector: each.detector,
      subject: each.subject.id,
      name: each.subject.name,
      severity: each.severity,
      status: each.status,
      resolution: each.resolution,
      count: each.count,
      eventIds: each.eventIds,
    })),
  );

const inOrder = (found: readonly Found[]): readonly Found[] =>
  found.toSorted((a, b) => `${a.detector}${a.subject}`.localeCompare(`${b.detector}${b.subject}`));
