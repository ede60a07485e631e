import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject } from 'zod-openapi';
import { version } from '../package.json';
import { SEVERITIES } from '../shared/domain/detector';
import { PROPERTIES } from '../shared/domain/feed';
import { SOURCES } from '../shared/domain/record';
import {
  alertPath,
  EXPORT_FORMATS,
  exportQuery,
  findingPath,
  findingsQuery,
  statsQuery,
  transitionBody,
  coverageQuery,
  verifyQuery,
} from '../shared/pipeline/api-schema';

/** What the doors answer. Tests hold real answers against these. */

const time = z.string().meta({ description: 'UTC, with 7 digits after the second.' });
const status = z.enum(['open', 'acknowledged', 'resolved']);
const subject = z.strictObject({ type: z.literal('user'), id: z.string(), name: z.string() });
const rule = z.strictObject({ rule: z.string() });
const line = {
  id: z.string(),
  detector: z.string(),
  stage: z.enum(['alert', 'watch']),
  severity: z.enum(SEVERITIES),
  status,
  resolution: z.string().optional(),
  suppressed: rule.optional(),
  message: z.string().meta({ description: "The id of the detector's message." }),
  title: z.string(),
  subject,
  firstSeenAt: time,
  lastSeenAt: time,
  openedAt: time,
  resolvedAt: time.optional(),
  count: z.int(),
};
/** The rows of a source, picked by one property: the unit of reading. */
const feed = {
  property: z.enum(PROPERTIES),
  name: z.string().meta({ description: 'As people read it: `by error code`.' }),
};
const lag = z.number().meta({ description: 'Milliseconds.' });
const stretches = z.array(
  z.strictObject({
    from: time,
    to: time,
    state: z.enum(['read-once', 'complete', 'hours-re-read', 'days-re-read', 'backfilled', 'gap']),
    why: z.enum(['not-read', 'retention', 'unreadable', 'filter', 'row-unreadable']).optional(),
  }),
);
const evidence = z.strictObject({
  source: z.string(),
  eventId: z.string(),
  at: time,
  kind: z.string(),
  what: z.string(),
});
const transition = z
  .strictObject({
    findingId: z.string(),
    sequence: z.int(),
    at: time,
    verb: z.string(),
    status,
    resolution: z.string().optional(),
    supersededBy: z.string().optional(),
    suppressed: rule.optional(),
    severity: z.enum(SEVERITIES),
    message: z.string(),
    by: z.string().meta({ description: 'crosscheck, or the person: name and object id.' }),
    reason: z.string().optional(),
    note: z.string().optional(),
    count: z.int(),
    previous: z.string(),
    hash: z.string(),
  })
  .meta({ id: 'Transition', description: 'One row of the history, chained to the row before.' });
const decision = z.strictObject({
  verb: z.enum(['acknowledge', 'resolve', 'reopen']),
  reason: z.string().optional(),
  by: z.string(),
  at: time,
  note: z.string().optional(),
});

const quarantinedRow = z.looseObject({
  id: z.string(),
  source: z.enum(SOURCES),
  reason: z.string(),
  firstSeenAt: time,
  gap: z.looseObject({
    from: time,
    to: time,
    detectors: z.array(z.string()),
    subject: z.looseObject({ type: z.literal('user'), id: z.string() }).optional(),
  }),
  ended: z.looseObject({ how: z.literal('accepted'), at: time, by: z.string() }).optional(),
});
export const ANSWERS = {
  findings: z.strictObject({
    findings: z.array(z.strictObject(line).meta({ id: 'FindingLine' })),
    next: z.string().optional().meta({
      description: 'Send it as `after` to go on. A page may be empty and still have one.',
    }),
  }),
  finding: z
    .strictObject({
      ...line,
      tenantId: z.string(),
      detectorVersion: z.int(),
      supersededBy: z.string().optional(),
      decision: decision.optional(),
      summary: z.string(),
      facts: z.record(z.string(), z.unknown()),
      evidence: z.array(evidence),
      record: z.strictObject({ sequence: z.int(), head: z.string() }).meta({
        description: 'The head of its chain, as the daily seals list it.',
      }),
      history: z.array(transition),
    })
    .meta({ id: 'Finding' }),
  stats: z.strictObject({
    total: z.int(),
    byDetector: z.record(z.string(), z.int()),
    byStatus: z.record(status, z.int()),
    bySeverity: z.record(z.enum(SEVERITIES), z.int()),
    suppressed: z.int(),
    byMonth: z.array(z.strictObject({ month: z.string(), total: z.int(), open: z.int() })),
    byDay: z.array(z.strictObject({ day: z.string(), opened: z.int(), resolved: z.int() })).meta({
      description:
        'What was opened and resolved on each day (UTC), the newest first, at most the last year; days without either are left out. A finding counts once a day. Of from and to only the days matter.',
    }),
    complete: z.boolean(),
    countedTo: time.optional(),
  }),
  status: z.strictObject({
    now: time,
    tenantId: z.string(),
    status: z.enum(['up', 'degraded']),
    problems: z.array(z.string()),
    counts: z
      .array(
        z.strictObject({
          source: z.enum(SOURCES),
          what: z.string(),
          count: z.int(),
          isAtLeast: z.boolean(),
          from: time,
          to: time,
          knownFrom: time.optional(),
        }),
      )
      .meta({ description: 'How many rows of a kind were read of the last 30 days: information.' }),
    versions: z.strictObject({
      crosscheck: z.string(),
      node: z.string(),
      detectors: z.record(z.string(), z.int()),
    }),
    sources: z.array(
      z.looseObject({
        source: z.string(),
        lastReadAt: time.optional(),
        completeTo: time
          .optional()
          .meta({ description: 'The earliest of the feeds that detectors need.' }),
        coverage: z.record(z.string(), z.unknown()).meta({ description: 'By detector.' }),
        feeds: z.array(z.looseObject(feed)),
      }),
    ),
    detectors: z.array(
      z.strictObject({
        id: z.string(),
        version: z.int(),
        title: z.string(),
        stage: z.enum(['alert', 'watch']),
        needs: z.array(z.enum(SOURCES)),
        feeds: z
          .array(z.string())
          .meta({ description: 'What its absences rest on, as people read it.' }),
      }),
    ),
    alerts: z.strictObject({
      waiting: z.int(),
      'not-configured': z.int(),
      dead: z.int(),
      unsaid: z.array(
        z.strictObject({
          id: z.string(),
          channel: z.string(),
          findingId: z.string(),
          verb: z.string().optional(),
          state: z.enum(['dead', 'not-configured']),
          createdAt: time.optional(),
          attempts: z.int().optional(),
          lastError: z.string().optional(),
          refusals: z
            .array(
              z.strictObject({
                at: time,
                outcome: z.enum(['later', 'refused']),
                code: z.string().optional(),
                reason: z.string(),
              }),
            )
            .optional()
            .meta({ description: 'The last attempts that failed, the oldest first.' }),
        }),
      ),
      channels: z.array(
        z.strictObject({
          channel: z.string(),
          isConfigured: z.boolean(),
          waiting: z.int(),
          'not-configured': z.int(),
          dead: z.int(),
        }),
      ),
    }),
    unreadableRows: z.strictObject({
      ofPersons: z.int().meta({ description: 'Gaps of one person each.' }),
      ofAll: z.int().meta({ description: 'Gaps of everybody.' }),
      others: z.int().meta({ description: 'Rows without a gap, counted up to 100.' }),
    }),
    settings: z.array(
      z.strictObject({ name: z.string(), value: z.string(), isDefault: z.boolean() }),
    ),
  }),
  verify: z.looseObject({
    asOf: time,
    isSound: z
      .boolean()
      .meta({ description: 'The record is what was written, and all of it was seen.' }),
    tamperings: z.array(z.looseObject({ what: z.string(), detail: z.string() })),
    unseen: z.array(z.string()),
    notes: z.array(z.string()),
  }),
  coverage: z.looseObject({
    asOf: time,
    sources: z.array(
      z.looseObject({
        source: z.enum(SOURCES),
        stretches: stretches.meta({ description: 'What all feeds have in common.' }),
        completeTo: time.optional().meta({ description: 'The earliest of the feeds.' }),
        detectors: z.record(z.string(), z.looseObject({ from: time, to: time })),
        lag: lag.meta({ description: 'Milliseconds; the longest of the feeds.' }),
        feeds: z.array(
          z.looseObject({
            ...feed,
            isOptional: z
              .boolean()
              .meta({ description: 'Its rows sharpen findings; nothing waits for it.' }),
            stretches,
            completeTo: time.optional(),
            lag,
          }),
        ),
      }),
    ),
    unreadableRows: z
      .strictObject({
        open: z.array(quarantinedRow),
        accepted: z.array(quarantinedRow),
        others: z.int(),
      })
      .meta({ description: 'Rows that could not be read, and the gaps they leave.' }),
  }),
  resend: z.strictObject({
    id: z.string(),
    channels: z.array(z.string()).meta({ description: 'Over which it is owed again.' }),
    state: z.literal('waiting'),
    nextAttemptAt: time,
  }),
  health: z.strictObject({ status: z.enum(['up', 'down']) }),
  problem: z
    .strictObject({
      type: z.string(),
      title: z.string(),
      status: z.int(),
      detail: z.string(),
      errors: z.array(z.strictObject({ parameter: z.string(), detail: z.string() })).optional(),
    })
    .meta({ id: 'Problem', description: 'Problem details, RFC 9457.' }),
};

/** The document that `GET /api/openapi.json` serves. */
export function openapi(): string {
  const document = createDocument({
    openapi: '3.1.1',
    info: {
      title: 'Crosscheck',
      version,
      description:
        'Findings about Microsoft Entra sign-ins and audit events: what was found, on what evidence, and what people decided.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ entra: [] }],
    components: {
      securitySchemes: {
        entra: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            'A token of Microsoft Entra for this app, or its sign-in cookie. Roles: Auditor reads, Operator also decides and resends.',
        },
      },
    },
    paths: {
      '/api/findings': {
        get: read('The findings, the newest opened first', ANSWERS.findings, {
          requestParams: { query: findingsQuery },
        }),
      },
      '/api/findings/{id}': {
        get: read('One finding with evidence and history', ANSWERS.finding, {
          requestParams: {
            path: findingPath,
            header: z.object({ 'If-None-Match': z.string().optional() }),
          },
          extra: { 304: { description: 'It is still the version you named.' }, ...problems(404) },
          hasEtag: true,
        }),
      },
      '/api/findings/{id}/transitions': {
        post: {
          ...read('Acknowledge, resolve or reopen a finding (Operator)', ANSWERS.finding, {
            requestParams: {
              path: findingPath,
              header: z.object({
                'If-Match': z.string().meta({
                  description: 'The ETag of what you decide on, or *.',
                }),
              }),
            },
            extra: problems(404, 409, 412, 413, 415, 428),
            hasEtag: true,
          }),
          requestBody: {
            required: true,
            content: { 'application/json': { schema: transitionBody } },
          },
        },
      },
      '/api/alerts/{id}/resend': {
        post: read('Owe an alert again that was given up (Operator)', ANSWERS.resend, {
          requestParams: { path: alertPath },
          extra: problems(404, 409, 415),
        }),
      },
      '/api/export': {
        get: {
          summary: 'All findings of a filter, as a stream',
          requestParams: { query: exportQuery },
          responses: {
            200: {
              description: `One of ${EXPORT_FORMATS.join(', ')}; the last line is the manifest.`,
              content: {
                'text/csv': { schema: z.string() },
                'application/x-ndjson': { schema: z.string() },
              },
            },
            ...problems(400, 401, 403, 500, 503),
          },
        },
      },
      '/api/stats': {
        get: read('How many findings there are', ANSWERS.stats, {
          requestParams: { query: statsQuery },
        }),
      },
      '/api/status': {
        get: read(
          'What lies behind health: sources, coverage, alerts, versions, settings',
          ANSWERS.status,
        ),
      },
      '/api/coverage': {
        get: read('What was read of each log, read again, or missing and why', ANSWERS.coverage, {
          requestParams: { query: coverageQuery },
        }),
      },
      '/api/verify': {
        get: read('Whether anybody has altered the record', ANSWERS.verify, {
          requestParams: { query: verifyQuery },
        }),
      },
      '/api/health': {
        get: {
          summary: 'Up or down, for anybody',
          security: [],
          responses: {
            200: whole('The watch is on.', ANSWERS.health),
            503: whole('It is not; GET /api/status says why.', ANSWERS.health),
          },
        },
      },
      '/api/openapi.json': {
        get: {
          summary: 'This document',
          security: [],
          responses: { 200: whole('OpenAPI 3.1', z.looseObject({})), ...problems(400) },
        },
      },
    },
  });
  return `${JSON.stringify(document, null, 2)}\n`;
}

function read(
  summary: string,
  schema: z.ZodType,
  {
    requestParams,
    extra = {},
    hasEtag = false,
  }: {
    readonly requestParams?: ZodOpenApiOperationObject['requestParams'];
    readonly extra?: ZodOpenApiOperationObject['responses'];
    readonly hasEtag?: boolean;
  } = {},
): ZodOpenApiOperationObject {
  return {
    summary,
    ...(requestParams !== undefined && { requestParams }),
    responses: {
      200: {
        ...whole('Done.', schema),
        ...(hasEtag && { headers: z.object({ ETag: z.string() }) }),
      },
      ...extra,
      ...problems(400, 401, 403, 500, 503),
    },
  };
}

function whole(description: string, schema: z.ZodType): { description: string; content: object } {
  return { description, content: { 'application/json': { schema } } };
}

const MEANING: Readonly<Record<number, string>> = {
  400: 'Parameters are wrong; each is named.',
  401: 'It is not known who asks.',
  403: 'No role, or of another tenant.',
  404: 'There is none.',
  409: 'Not possible now.',
  412: 'It has changed since the version that was named.',
  413: 'The body is too large.',
  415: 'The body must be JSON.',
  428: 'If-Match is missing.',
  500: 'The log says why.',
  503: 'The storage did not answer.',
};

function problems(...codes: readonly number[]): Record<string, { description: string }> {
  return Object.fromEntries(
    codes.map((code) => [
      code,
      {
        description: MEANING[code] ?? '',
        content: { 'application/problem+json': { schema: ANSWERS.problem } },
      },
    ]),
  );
}
