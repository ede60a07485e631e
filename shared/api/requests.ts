import { z } from 'zod';
import { SEVERITIES } from '../domain/detector';
import { RESOLVE_REASONS, STATUSES } from '../domain/findings/finding';
import { startOfDay, toInstant, type Instant } from '../domain/time';
import { Refusal, wrongParameters, type Fault } from './answer';
import { EXPORT_FORMATS } from '../pipeline/queries/export-findings';
import type { FindingFilter } from '../pipeline/ports/finding-index';

/** What callers may send. These schemas check the input and are the source of `openapi.json`. */

const MAX_NOTE_LENGTH = 1_000;
const MAX_LISTED = 500;

const instant = z
  .string()
  .max(40)
  .transform((text, context): Instant => {
    try {
      const day = /^\d{4}-\d\d-\d\d$/.test(text);
      return day ? startOfDay(toInstant(`${text}T00:00:00Z`)) : toInstant(text);
    } catch {
      const message = 'takes a day like 2026-01-31 or a time like 2026-01-31T12:00:00Z';
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    }
  });

const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

/** The logs write object ids in lower case; what people paste may not be. */
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const DETECTOR_ID = /^[a-z][a-z0-9-]*$/;

/** Nothing lies in a stretch that ends where it begins or before: that is no question. */
const isForward = ({
  from,
  to,
}: {
  from?: Instant | undefined;
  to?: Instant | undefined;
}): boolean => from === undefined || to === undefined || from < to;
const FORWARD = { path: ['to'], message: 'must lie after from' };

const filters = {
  detector: z
    .string()
    .max(100)
    .regex(DETECTOR_ID, 'takes the id of a detector, like mfa-registration-unfinished')
    .optional()
    .meta({ description: 'Only of this detector.' }),
  status: z.enum(STATUSES).optional().meta({ description: 'Only of this status.' }),
  severity: z.enum(SEVERITIES).optional().meta({ description: 'Only of this severity.' }),
  suppressed: flag
    .optional()
    .meta({ description: 'Only those that a rule keeps from alerting, or only the others.' }),
  subject: z
    .string()
    .min(1)
    .max(100)
    .overwrite((text) => (GUID.test(text) ? text.toLowerCase() : text))
    .optional()
    .meta({ description: 'The object id of the person it is about, exact.' }),
  name: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ description: 'How the name of that person begins, without regard to case.' }),
  from: instant
    .optional()
    .meta({ description: 'Opened at or after this time. A day means its midnight UTC.' }),
  to: instant
    .optional()
    .meta({ description: 'Opened before this time. A day means its midnight UTC.' }),
  text: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ description: 'Occurs in title or subject, without regard to case.' }),
};

/** Which findings, without what pages them. */
export const filterQuery = z.strictObject(filters).refine(isForward, FORWARD);

const after = z.string().min(1).max(2_000).optional().meta({
  description:
    'Where to go on: the `next` of the answer before, with the same filter. Opaque; only for the filter it came from.',
});

export const findingsQuery = z
  .strictObject({
    ...filters,
    // Not coerced: that would take 1e2, 0x10 and 5.0 as well.
    top: z
      .string()
      .regex(/^\d+$/, 'takes a whole number')
      .transform(Number)
      .pipe(z.number().min(1).max(MAX_LISTED))
      .default(50)
      .meta({
        description: 'At most so many in one answer.',
        override: {
          ...{ type: 'integer', default: 50, minimum: 1, maximum: MAX_LISTED },
          pattern: undefined,
        },
      }),
    after,
  })
  .refine(isForward, FORWARD);

export const exportQuery = z
  .strictObject({
    ...filters,
    format: z.enum(EXPORT_FORMATS).meta({
      description:
        'csv: one row per finding, for a spreadsheet. ndjson: findings with evidence and history, one JSON per line. ocsf: OCSF Detection Finding, one JSON per line.',
    }),
    manifest: z.enum(['last', 'none']).default('last').meta({
      description:
        'last: the last line is the manifest. none: findings only; an answer that cannot be finished is then cut off instead.',
    }),
    after,
  })
  .refine(isForward, FORWARD);

export const statsQuery = z
  .strictObject({
    detector: filters.detector,
    from: filters.from,
    to: filters.to,
  })
  .refine(isForward, FORWARD);

function rangeOf(what: string) {
  return z
    .strictObject({
      from: instant.optional().meta({ description: `Only what ${what} at or after this time.` }),
      to: instant.optional().meta({ description: `Only what ${what} before this time.` }),
    })
    .refine(isForward, FORWARD);
}

/** Which part of the record is looked at. */
export const verifyQuery = rangeOf('happened');

/** Which stretch of the logs is looked at. */
export const coverageQuery = rangeOf('was logged');

/** Whose readiness is asked for. */
export const readinessQuery = z.strictObject({
  group: z
    .string()
    .regex(GUID, 'takes the object id of a group, as Entra shows it')
    .toLowerCase()
    .optional()
    .meta({ description: 'The object id of a group: only its members. Absent: everybody.' }),
});

/** For what takes no parameters: what is given all the same is named. */
export const noQuery = z.strictObject({});

const id = z
  .string()
  .regex(/^[0-9a-f]{16}-[0-9a-f]{12}$/, 'takes the id of a finding: 16 and 12 hexadecimal digits');
export const findingPath = z.strictObject({
  id: id.meta({ description: 'The id of the finding.' }),
});
export const alertPath = z.strictObject({
  id: z
    .string()
    .regex(
      /^([0-9a-f]{16}-[0-9a-f]{12}-\d{1,6}|notice(-[a-z]+)+-[0-9a-f]{12}-\d{14})$/,
      'takes the id of an alert (the id of its finding and a number) or of a notice, as status names it',
    )
    .meta({ description: 'The id of the alert.' }),
});

const note = z
  .string()
  .max(MAX_NOTE_LENGTH)
  .overwrite((text) => text.toWellFormed())
  .optional()
  .meta({ description: 'Why, in own words; kept in the history.' });

export const transitionBody = z
  .discriminatedUnion('action', [
    z.strictObject({ action: z.literal('acknowledge'), note }),
    z.strictObject({
      action: z.literal('resolve'),
      reason: z.enum(RESOLVE_REASONS).meta({
        description:
          'fixed: holds until newer evidence. accepted, false-positive: hold for this occurrence.',
      }),
      note,
    }),
    z.strictObject({ action: z.literal('reopen'), note }),
  ])
  .meta({ description: 'What a person decides.' });

// ---------------------------------------------------------------------------------------------------- reading it

/** Why nothing can be of this detector, in words; what is no id at all is refused elsewhere. */
export function unknownDetector(
  id: string | undefined,
  known: readonly string[] | undefined,
): string | undefined {
  const isFine = id === undefined || known === undefined || known.includes(id);
  return isFine || !DETECTOR_ID.test(id)
    ? undefined
    : `names no detector; there are ${known.join(', ')}`;
}

/**
 * Reads the parameters of a query. A parameter that is given twice, unknown or wrong is named, each of them.
 * @param detectors those that there are; without them every id is taken.
 * @throws Refusal
 */
export function readQuery<S extends z.ZodType>(
  schema: S,
  parameters: Iterable<readonly [string, string]>,
  detectors?: readonly string[],
): z.infer<S> {
  const given = new Map<string, string>();
  const faults: Fault[] = [];
  for (const [name, value] of parameters) {
    if (given.has(name)) {
      faults.push({ parameter: name, detail: 'is given more than once' });
    }
    given.set(name, value);
  }
  const unknown = unknownDetector(given.get('detector'), detectors);
  if (unknown !== undefined) {
    faults.push({ parameter: 'detector', detail: unknown });
  }
  return readInput(schema, Object.fromEntries(given), faults);
}

/** Checks a value. @throws Refusal naming everything that is wrong with it. */
export function readInput<S extends z.ZodType>(
  schema: S,
  input: unknown,
  known: readonly Fault[] = [],
): z.infer<S> {
  const checked = checkInput(schema, input, known);
  if ('faults' in checked) {
    throw new Refusal(wrongParameters(checked.faults));
  }
  return checked.value;
}

/** Checks a value and names everything that is wrong with it. */
export function checkInput<S extends z.ZodType>(
  schema: S,
  input: unknown,
  known: readonly Fault[] = [],
): { readonly value: z.infer<S> } | { readonly faults: readonly Fault[] } {
  const parsed = schema.safeParse(input);
  if (parsed.success && known.length === 0) {
    return { value: parsed.data };
  }
  const faults = (parsed.error?.issues ?? []).flatMap((issue): Fault[] =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((parameter) => ({ parameter, detail: 'is not known here' }))
      : [{ parameter: issue.path.join('.') || 'body', detail: messageOf(issue) }],
  );
  return { faults: [...known, ...faults] };
}

/** A range without the ends that are not asked for. */
export function definedRange({ from, to }: z.infer<typeof verifyQuery>): {
  readonly from?: Instant;
  readonly to?: Instant;
} {
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
}

/** The filter of a query, without what pages it. */
export function filterOf(query: {
  readonly [K in keyof typeof filters]?: z.infer<(typeof filters)[K]> | undefined;
}): FindingFilter {
  const { subject, name, detector, status, severity, suppressed, from, to, text } = query;
  return {
    ...(detector !== undefined && { detector }),
    ...(status !== undefined && { status }),
    ...(severity !== undefined && { severity }),
    ...(suppressed !== undefined && { suppressed }),
    ...(subject !== undefined && { subjectId: subject }),
    ...(name !== undefined && { subjectName: name }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(text !== undefined && { text }),
  };
}

// Own words: the library's quote what was sent, or speak of types.
function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') {
    return `takes one of ${issue.values.map(String).join(', ')}`;
  }
  if (issue.code === 'invalid_union') {
    return 'takes one of acknowledge, resolve, reopen';
  }
  if (issue.code === 'invalid_type') {
    return `is missing or is no ${issue.expected}`;
  }
  const isText = 'origin' in issue && issue.origin === 'string';
  if (issue.code === 'too_big') {
    return `takes at most ${String(issue.maximum)}${isText ? ' characters' : ''}`;
  }
  if (issue.code === 'too_small') {
    return isText ? 'must not be empty' : `takes at least ${String(issue.minimum)}`;
  }
  return issue.message;
}
