import fc from 'fast-check';
import { plainAudit, plainSignIn } from '../../../shared/adapters/rows/plain-rows';
import { narrowAudit, narrowSignIn } from '../../../shared/adapters/rows/schema';
import { audit, signIn, type Row } from '../../detectors/play';

const SIGN_IN = signIn('id', 0, {
  raw: {
    correlationId: 'c',
    homeTenantId: '00000000-0000-4000-8000-00000000000A',
    appId: '00000002-0000-0FF1-CE00-000000000000',
    userAgent: 'Mozilla/5.0 (Android 15)',
    status: {
      errorCode: 0,
      failureReason: 'Other.',
      additionalDetails: 'MFA requirement satisfied',
    },
    appliedConditionalAccessPolicies: [
      { id: 'P-1', displayName: 'Require MFA', result: 'success', enforcedGrantControls: ['mfa'] },
    ],
  },
});
const AUDIT = audit('id', 0, {
  activity: 'Update user',
  changes: [['StrongAuthenticationMethod', [], [{ MethodType: 6 }]]],
});

/** Where a row can be spoilt: every property, however deep. */
const pathsOf = (value: unknown): string[][] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => [
        [key],
        ...pathsOf(inner).map((path) => [key, ...path]),
      ])
    : [];

const spoil = (value: unknown, [key = '', ...rest]: readonly string[], by: unknown): unknown => {
  const copy: unknown = Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) };
  const fields = copy as Record<string, unknown>;
  fields[key] = rest.length === 0 ? by : spoil(fields[key], rest, by);
  return copy;
};

const junk = fc.oneof(
  fc.constantFrom(
    null,
    undefined,
    '',
    0,
    1.5,
    true,
    'True',
    [],
    {},
    '12',
    ' Ann ',
    'x'.repeat(501),
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

/** The schema keeps the difference between null and missing, which nobody looks at. */
const withoutNull = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, each: unknown) => each ?? undefined));

describe.each([
  ['sign-in', SIGN_IN, plainSignIn, narrowSignIn],
  ['audit', AUDIT, plainAudit, narrowAudit],
] as const)('a plain %s row', (_, row, plain, schema) => {
  it('is narrowed without the schema, to the same', () => {
    expect(plain(row)).toBeDefined();
    expect(withoutNull(plain(row))).toEqual(withoutNull(schema(row)));
  });

  it('is left to the schema as soon as anything in it is unusual', () => {
    const spoilt = fc
      .array(fc.tuple(fc.constantFrom(...pathsOf(row)), junk), { minLength: 1, maxLength: 3 })
      .map((faults) => faults.reduce<unknown>((each, [path, by]) => tried(each, path, by), row));
    let handed = 0;

    fc.assert(
      fc.property(spoilt, (each) => {
        const narrowed = plain(each);
        handed += narrowed === undefined ? 1 : 0;
        expect(narrowed === undefined || withoutNull(narrowed)).toEqual(
          narrowed === undefined || withoutNull(schema(each)),
        );
      }),
      { numRuns: 1_000 },
    );

    expect(handed).toBeGreaterThan(100);
  });
});

/** A path may be gone that an earlier fault has replaced. */
function tried(value: unknown, path: readonly string[], by: unknown): unknown {
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((each, key) => (each as Row | undefined)?.[key], value);
  return typeof parent === 'object' && parent !== null ? spoil(value, path, by) : value;
}
