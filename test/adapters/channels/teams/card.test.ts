import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { MESSAGE_LIMIT } from '../../../../shared/adapters/channels/teams/adaptive-card';
import { teamsMessage, type CardContext } from '../../../../shared/adapters/channels/teams/card';
import { DETECTORS } from '../../../../shared/detectors/index';
import { smartLockoutOvershoot } from '../../../../shared/detectors/smart-lockout-overshoot';
import type { Json, JsonObject } from '../../../../shared/domain/json';
import { SEVERITIES, type Conclusion, type Evidence } from '../../../../shared/domain/detector';
import type { Finding } from '../../../../shared/domain/findings/finding';
import { DAY, MINUTE, plus, toInstant } from '../../../../shared/domain/time';
import type { Post } from '../../../../shared/pipeline/ports/channel';
import { at, play } from '../../../detectors/play';
import { RAISES, SPECIFIED } from '../../../detectors/smart-lockout-overshoot.stories';
import { alertOf, digestOf, postOf, TENANT, textsOf, worded } from './findings';
import { faultsOf } from './parse-card';

const CONTEXT: CardContext = {
  runbookOf: (id) => DETECTORS.find((detector) => detector.id === id)?.runbook ?? [],
  pageUrl: 'https://crosscheck.example.com/',
  tenantId: TENANT,
};

// ------------------------------------------------------------------------------------------------------- golden

const MFA = 'mfa-registration-unfinished';
const EAS = 'eas-success-despite-ca-failure';
const BOOTSTRAP = 'bootstrap-not-finished';
const GROUPS = 'group-migration-leftover';
const WITHOUT = 'registration-without-outcome';
const PROMPTS = 'security-info-prompt-loop';
const LOCKOUT = 'smart-lockout-overshoot';
const GUEST = 'guest-proxy-address-conflict';
const RESERVED = 'upn-proxy-address-reserved';
const scanned = toInstant('2023-08-08T12:38:54Z');
const deadline = plus(scanned, 60 * MINUTE);

const evidence = (eventId: string, minutes: number, kind: string, what: string) =>
  ({
    source: 'directoryAudits',
    eventId,
    at: plus(scanned, minutes * MINUTE),
    kind,
    what,
  }) as const;
const phone = [
  evidence('e-1', -2, 'started', 'registration was started'),
  evidence('e-2', 0, 'device-added', 'the authenticator "Pixel 7" was added to the account'),
];
const mfaFacts = {
  device: 'd0000000-0000-4000-8000-000000000001',
  deviceName: 'Pixel 7',
  placesUsed: '1 of 5',
};
const HIGH_FACTS = {
  ...mfaFacts,
  placesUsed: '3 of 5',
  otherMethods: ['a phone number'],
  weakMethods: ['an app password'],
  cancelled: true,
  roles: ['Global Administrator'],
  askedAgainAt: plus(toInstant('2023-08-08T12:38:54Z'), 21 * 60 * MINUTE),
  registrationBlockedAt: plus(toInstant('2023-08-08T12:38:54Z'), 22 * 60 * MINUTE),
};
const SYNC = 'ConnectSyncProvisioning_SRV01_3ac06f5648e4';
const nextDay = plus(scanned, DAY);
const gone = evidence('g-2', 0, 'deleted', `the group "Sales EU" was deleted by ${SYNC}`);
const goneFacts = { deletedBy: SYNC, mail: 'sales-eu@contoso.example.com' };
const standInFacts = {
  ...{ standIn: 'Sales EU-MigTmp', createdBy: 'ann@contoso.example.com' },
  ...{ createdAt: plus(scanned, -30 * MINUTE), members: 40 },
};
const ofGroup = (
  message: string,
  severity: Finding['severity'],
  facts: JsonObject,
  events: readonly ReturnType<typeof evidence>[],
): Finding =>
  worded(
    ...([GROUPS, message, facts] as const),
    {
      ...{ severity, since: nextDay, evidence: events },
      missing: { what: 'no group of that name logged', by: nextDay },
    },
    { type: 'group', id: 'fedcba9876543210', name: 'Sales EU' },
  );
const easFacts = (policies: Json): JsonObject => ({
  device: 'android',
  isAtLeast: false,
  countries: ['DE', 'RO'],
  countriesCloseInTime: ['DE', 'RO'],
  newCountries: [],
  places: ['Berlin, DE', 'Cluj-Napoca, RO'],
  addresses: ['198.51.100.7', '203.0.113.9'],
  policies,
});
const easAnswer = {
  count: 3,
  lastSeenAt: plus(scanned, 300 * MINUTE),
  evidence: [0, 200, 300].map((minutes) => ({
    ...evidence(
      `s-${minutes}`,
      minutes,
      'eas-sign-in',
      'ActiveSync sign-in logged success, Conditional Access failure (Berlin, DE)',
    ),
    source: 'signIns' as const,
  })),
};

const unverified = { what: 'no verification logged', by: deadline };
const unfinished = worded(MFA, 'unfinished', mfaFacts, {
  since: deadline,
  missing: unverified,
  evidence: phone,
});
const endedBy = (message: string, resolution: string, ended: string): Finding =>
  worded(
    MFA,
    message,
    { ...mfaFacts, ended, endedAt: plus(scanned, 90 * MINUTE) },
    { since: deadline, missing: unverified, evidence: phone, state: 'resolved', resolution },
  );
const late = endedBy('late', 'completed', 'registration was completed');
const blocked = worded(EAS, 'blocked', easFacts([{ name: 'Block legacy', controls: ['block'] }]), {
  ...easAnswer,
  severity: 'high',
});

const asked = (days: number): Evidence => ({
  ...evidence(
    `p-${days}`,
    days * 24 * 60,
    'prompt',
    'a sign-in was interrupted to ask for more information (50125)',
  ),
  source: 'signIns',
});
const answered = plus(scanned, (3 * 24 + 1) * 60 * MINUTE);
const promptFacts = {
  ...{ asksFor: 'self-service password reset', days: 3, apps: ['OfficeHome'] },
  ...{ resetForAdministrators: 'not known', resetForThem: 'not known' },
  noRegistrationBy: answered,
  mfaSatisfiedAt: plus(scanned, -24 * 60 * MINUTE),
};
const promptAnswer = {
  ...{ count: 4, since: answered, lastSeenAt: plus(scanned, 3 * 24 * 60 * MINUTE) },
  missing: { what: 'no registration completed', by: answered },
  evidence: [
    {
      ...evidence('ok', -24 * 60, 'mfa-satisfied', 'MFA was satisfied at a sign-in'),
      source: 'signIns' as const,
    },
    ...[0, 1, 3].map(asked),
  ],
};
const TIM = { type: 'address', id: 'tim@partner.example.com' } as const;
const taken = {
  ...{ holder: 'g-1', holderName: 'Tim (guest)', holderIs: 'guest' },
  ...{ wanter: 's-1', wanterName: 'Tim McMichael', wanterIs: 'user', isWanterSynced: true },
  holderCreatedAt: plus(scanned, -30 * MINUTE),
};
const refusal = {
  code: 'Ex1472D1',
  says: 'The proxy address "SMTP:tim@partner.example.com" is already being used.',
};
const seenIn = (...kinds: readonly (readonly [id: string, kind: string, what: string])[]) => ({
  evidence: kinds.map(([id, kind, what]) => ({
    ...evidence(id, 0, kind, what),
    source: 'directoryObjects' as const,
  })),
});
const heldAndWanted = seenIn(
  ['g-1', 'holds', 'Tim (guest) holds the address'],
  ['s-1', 'wants', 'Tim McMichael cannot get it (Ex1472D1)'],
);

const firstStart: Post = {
  id: 'notice-first-start-0123456789ab-20260602090000',
  form: 'notice',
  items: [],
  notice: {
    id: 'notice-first-start-0123456789ab-20260602090000',
    form: 'notice',
    kind: 'first-start',
    title: 'The watch is on',
    lines: [
      'The audit log is read since 2026-06-02 09:00 UTC.',
      'The sign-in log cannot be read yet: Graph answered 403. Grant AuditLog.Read.All.',
      'Crosscheck watches for: an MFA registration that was not finished.',
    ],
  },
};

/** As the detector answers the first story of its test that comes to this message. */
const lockoutPost = (message: string): Post => {
  const { story, ...frame } = [...SPECIFIED, ...RAISES].find(
    ({ expected }) => [expected].flat()[0]?.message === message,
  )!;
  const [answer] = [...play(smartLockoutOvershoot, story, frame).answers.values()].flatMap(
    ({ findings }) => findings,
  ) as [Conclusion];
  return postOf(worded(LOCKOUT, message, answer.facts, answer, undefined, at(frame.until)));
};

const GOLDEN: Readonly<Record<string, Post>> = {
  'notice.first-start': firstStart,
  [`${GUEST}.guest-holds`]: postOf(
    worded(GUEST, 'guest-holds', { ...taken, ...refusal }, heldAndWanted, TIM),
  ),
  [`${GUEST}.guest-holds.free`]: postOf(
    worded(
      GUEST,
      'guest-holds',
      { ...taken, ...refusal, freeSince: deadline, isInBin: true, notRead: ['contacts'] },
      heldAndWanted,
      TIM,
    ),
  ),
  [`${GUEST}.guest-holds-likely`]: postOf(
    worded(GUEST, 'guest-holds-likely', taken, { ...heldAndWanted, severity: 'low' }, TIM),
  ),
  [`${GUEST}.guest-without-address`]: postOf(
    worded(
      GUEST,
      'guest-without-address',
      { holderName: 'Tim (contact)', holderIs: 'contact', wanterName: 'Tim', wanterIs: 'guest' },
      { severity: 'low' },
      TIM,
    ),
  ),
  [`${GUEST}.other-holds`]: postOf(
    worded(
      GUEST,
      'other-holds',
      { ...taken, holderIs: 'user', holderName: 'Tom', code: 'PropertyConflict' },
      { severity: 'low' },
      TIM,
    ),
  ),
  [`${RESERVED}.wanted`]: postOf(
    worded(
      RESERVED,
      'wanted',
      { ...taken, holderIs: 'user', holderName: 'Tom', code: 'PropertyConflict' },
      heldAndWanted,
      TIM,
    ),
  ),
  [`${RESERVED}.about-to`]: postOf(
    worded(
      RESERVED,
      'about-to',
      { holder: 'h-1', holderName: 'Tom', mail: 'tom@example.com', why: 'disabled' },
      { severity: 'info', stage: 'watch' },
      TIM,
    ),
  ),
  [`${MFA}.unfinished`]: postOf(unfinished),
  [`${MFA}.unfinished.high`]: postOf(
    worded(MFA, 'unfinished', HIGH_FACTS, {
      severity: 'high',
      since: deadline,
      missing: unverified,
      evidence: phone,
    }),
  ),
  [`${MFA}.late`]: postOf(late, 'resolved', 'line'),
  [`${MFA}.retried`]: postOf(
    endedBy('retried', 'retried', 'registration was completed'),
    'resolved',
    'card',
  ),
  [`${MFA}.removed`]: postOf(
    endedBy('removed', 'deleted', 'the user deleted the authenticator'),
    'resolved',
    'line',
  ),
  [`${MFA}.reset`]: postOf(
    endedBy('reset', 'admin-reset', 'an administrator reset the methods'),
    'resolved',
    'line',
  ),
  [`${MFA}.left`]: postOf(
    endedBy('left', 'user-deleted', 'the account was deleted'),
    'resolved',
    'line',
  ),
  [`${MFA}.started`]: postOf(
    worded(MFA, 'started', {}, { severity: 'info', evidence: phone.slice(0, 1) }),
  ),
  [`${GROUPS}.stuck`]: postOf(
    ofGroup('stuck', 'medium', { ...goneFacts, ...standInFacts, notBackBy: nextDay }, [
      evidence('g-1', -30, 'stand-in-added', 'the stand-in "Sales EU-MigTmp" was added by ann'),
      gone,
    ]),
  ),
  [`${GROUPS}.gone`]: postOf(ofGroup('gone', 'info', { ...goneFacts, notBackBy: nextDay }, [gone])),
  [`${GROUPS}.orphan`]: postOf(
    ofGroup('orphan', 'low', { ...standInFacts, leftOverBy: nextDay }, []),
  ),
  [`${GROUPS}.wave`]: postOf(
    worded(
      ...([GROUPS, 'wave', { suchAs: ['Sales EU', 'Sales US'], notBackBy: nextDay }] as const),
      {
        ...{ severity: 'low', count: 30, since: nextDay, evidence: [gone] },
        missing: { what: 'no return logged', by: nextDay },
        lastSeenAt: plus(scanned, 9 * MINUTE),
      },
      { type: 'app', id: '0123456789abcdef', name: SYNC },
    ),
  ),
  [`${EAS}.blocked`]: postOf(blocked),
  [`${EAS}.unmet`]: postOf(
    worded(EAS, 'unmet', easFacts([{ name: 'Devices', controls: ['compliantDevice'] }]), {
      ...easAnswer,
      severity: 'low',
    }),
    'reopened',
  ),
  [`${EAS}.unreadable`]: postOf(
    worded(EAS, 'unreadable', easFacts([]), easAnswer),
    'opened',
    'line',
  ),
  [`${WITHOUT}.no-outcome`]: postOf(
    worded(
      WITHOUT,
      'no-outcome',
      { method: 'passkey', noOutcomeBy: plus(scanned, 140 * MINUTE) },
      {
        ...{ severity: 'low', count: 13, since: plus(scanned, 140 * MINUTE) },
        missing: { what: 'no outcome logged', by: plus(scanned, 140 * MINUTE) },
        lastSeenAt: plus(scanned, 80 * MINUTE),
        evidence: [0, 7, 13, 67, 73, 80].map((minutes) =>
          evidence(`p-${minutes}`, minutes, 'started', 'registration of a passkey was started'),
        ),
      },
    ),
  ),
  [`${BOOTSTRAP}.reset-not-followed`]: postOf(
    worded(
      BOOTSTRAP,
      'reset-not-followed',
      {
        ...{
          awaitedUntil: plus(scanned, 72 * 60 * MINUTE),
          resetAt: scanned,
          reregistrationRequired: true,
        },
        ...{ passIssuedAt: plus(scanned, 60 * MINUTE), roles: ['Global Administrator'] },
      },
      {
        ...{ severity: 'high', count: 2, since: plus(scanned, 26 * 60 * MINUTE) },
        missing: { what: 'no registration logged', by: plus(scanned, 72 * 60 * MINUTE) },
        lastSeenAt: plus(scanned, 60 * MINUTE),
        evidence: [
          evidence('r-1', 0, 'reset', 'an administrator required registration anew'),
          evidence('r-2', 60, 'registered-by-admin', 'a Temporary Access Pass was issued'),
        ],
      },
    ),
  ),
  [`${BOOTSTRAP}.pass-not-followed`]: postOf(
    worded(
      BOOTSTRAP,
      'pass-not-followed',
      {
        ...{ awaitedUntil: plus(scanned, 25 * 60 * MINUTE), passIssuedAt: scanned },
        passValidTo: plus(scanned, 60 * MINUTE),
      },
      {
        since: plus(scanned, 25 * 60 * MINUTE),
        missing: { what: 'no registration logged', by: plus(scanned, 25 * 60 * MINUTE) },
        evidence: [evidence('p-1', 0, 'registered-by-admin', 'a Temporary Access Pass was issued')],
      },
    ),
  ),
  [`${PROMPTS}.admin-sspr`]: postOf(
    worded(
      PROMPTS,
      'admin-sspr',
      { ...promptFacts, roles: ['Exchange Administrator'] },
      { ...promptAnswer, severity: 'medium' },
    ),
  ),
  [`${PROMPTS}.needs-more`]: postOf(
    worded(PROMPTS, 'needs-more', promptFacts, { ...promptAnswer, severity: 'low' }),
  ),
  [`${PROMPTS}.unexplained`]: postOf(
    worded(
      PROMPTS,
      'unexplained',
      { ...promptFacts, cancelledTimes: 2 },
      { ...promptAnswer, severity: 'low' },
    ),
  ),
  [`${LOCKOUT}.guessed`]: lockoutPost('guessed'),
  [`${LOCKOUT}.spread`]: lockoutPost('spread'),
  [`${LOCKOUT}.stale`]: lockoutPost('stale'),
  [`${LOCKOUT}.forgot`]: lockoutPost('forgot'),
  [`${LOCKOUT}.overshoot`]: lockoutPost('overshoot'),
  superseded: postOf(
    { ...unfinished, status: 'resolved', resolution: 'superseded', supersededBy: 'version 2' },
    'superseded',
    'line',
  ),
  digest: digestOf([unfinished, blocked, late]),
};

describe('adapters/channels/teams/card', () => {
  describe('golden', () => {
    // `GOLDEN=write npx jest test/adapters/channels/teams/card` writes them anew; read the difference.
    it.each(Object.entries(GOLDEN))('%s', (name, post) => {
      const file = join(__dirname, 'golden', `${name}.json`);

      const message = teamsMessage(post, CONTEXT);

      if (process.env['GOLDEN'] === 'write') {
        writeFileSync(file, `${JSON.stringify(message, null, 2)}\n`);
      }
      expect(message).toEqual(JSON.parse(readFileSync(file, 'utf8')));
      expect(faultsOf(message)).toEqual([]);
    });

    it('there is one for every message of every detector', () => {
      const messages = DETECTORS.flatMap(({ id, messages }) =>
        Object.keys(messages).map((message) => `${id}.${message}`),
      );

      expect(Object.keys(GOLDEN)).toEqual(expect.arrayContaining(messages));
    });
  });

  // ------------------------------------------------------------------------------------------------- what it says

  const card = (post: Post, context = CONTEXT) =>
    teamsMessage(post, context).attachments[0].content;
  const said = (post: Post, context = CONTEXT): string =>
    textsOf(card(post, context) as unknown as Json)
      .map(([, text]) => text.replace(/\\(.)/g, '$1'))
      .join('\n');

  describe('says', () => {
    it('who, what, what did not happen, why, what to do and where', () => {
      const text = said(postOf(unfinished));

      expect(text).toContain('MEDIUM severity · new finding');
      expect(text).toContain('megan@contoso.example.com');
      expect(text).toContain('2023-08-08 12:38 UTC\nthe authenticator "Pixel 7" was added');
      expect(text).toContain('2023-08-08 13:38 UTC\nno verification logged by 13:38');
      expect(text).toContain('(log complete to 2023-08-08 16:40 UTC)');
      expect(text).toContain('https://aka.ms/mysecurityinfo');
      expect(text).toContain(`?finding=${unfinished.id}`);
      expect(text).toContain(`alert ${unfinished.id}-1`);
      expect(text).toContain(`overview/userId/${unfinished.subject.id}`);
    });

    it('what did not happen, as a fact, whatever the summary says', () => {
      expect(said(postOf({ ...unfinished, summary: 'short' }))).toContain(
        'no verification logged by 13:38',
      );
    });

    it('nothing of what did not happen where nothing was waited for', () => {
      expect(said(postOf(blocked))).not.toMatch(/logged by/);
    });

    it.each(SEVERITIES)('severity %s in word and colour', (severity) => {
      const { body } = card(postOf({ ...unfinished, severity }));

      const style = {
        info: 'emphasis',
        low: 'accent',
        medium: 'warning',
        high: 'attention',
        critical: 'attention',
      };
      expect(body[0]).toMatchObject({ type: 'Container', style: style[severity] });
      expect(JSON.stringify(body[0])).toContain(`${severity.toUpperCase()} severity`);
    });

    it('the button to the finding only where there is a page', () => {
      const { actions } = card(postOf(unfinished), { ...CONTEXT, pageUrl: undefined });

      expect(actions.map((action) => action.title)).toEqual(['Open user in Entra']);
      expect(
        card(postOf(late, 'resolved', 'line'), { ...CONTEXT, pageUrl: undefined }).actions,
      ).toEqual([]);
      expect(card(digestOf([late]), { ...CONTEXT, pageUrl: undefined }).actions).toEqual([]);
    });

    it('no steps for a detector that is gone', () => {
      expect(said(postOf({ ...unfinished, detector: 'gone' }))).not.toContain('First steps');
    });

    it('numbers from a full set as "or more"', () => {
      const finding = { ...blocked, count: 2_000, facts: { ...blocked.facts, isAtLeast: true } };

      expect(said(postOf(finding))).toContain('2,000 or more');
    });

    it('the severest of a digest first, and how many more there are', () => {
      const many = Array.from({ length: 30 }, (_, i) => ({
        ...unfinished,
        id: `${unfinished.id}${i}`,
      }));

      const text = said(digestOf([...many, blocked]));

      expect(text).toContain('31 findings at once');
      expect(text).toContain('1 high, 30 medium');
      expect(text).toContain('and 11 more');
      expect(text.indexOf('HIGH · ActiveSync')).toBeLessThan(text.indexOf('MEDIUM · Auth'));
    });

    it('in a line why it ended', () => {
      expect(said(postOf(late, 'resolved', 'line'))).toMatch(
        /Resolved \(was medium severity\).*completed/,
      );
      expect(said(GOLDEN['superseded']!)).toMatch(
        /Superseded.*no longer holds, because of version 2/,
      );
      expect(said(postOf(unfinished, 'opened', 'line'))).toContain(
        'goes on from an earlier finding',
      );
      expect(said(postOf(unfinished, 'unsuppressed', 'line'))).toContain(
        'still open, no longer suppressed',
      );
    });
  });

  it('refuses a post without a finding', () => {
    expect(() => teamsMessage({ id: 'x', form: 'card', items: [] }, CONTEXT)).toThrow(
      /holds no finding/,
    );
  });

  // --------------------------------------------------------------------------------------------------- hostile text

  describe('hostile text', () => {
    const named = (name: string): Finding => ({
      ...unfinished,
      subject: { ...unfinished.subject, name },
    });
    const shownAs = (name: string): string => {
      const facts = textsOf(card(postOf(named(name))) as unknown as Json);
      return facts[facts.findIndex(([, text]) => text === 'Who') + 1]![1];
    };

    it.each([
      ['markup', '**bold** _it_ `x` ~s~', '\\*\\*bold\\*\\* \\_it\\_ \\`x\\` \\~s\\~'],
      [
        'a link',
        '[click](https://evil.example/x)',
        '\\[click\\]\\(https\\[:\\]//evil\\[.\\]example/x\\)',
      ],
      ['a bare link', 'see http://evil.com/a', 'see http\\[:\\]//evil\\[.\\]com/a'],
      ['a link without scheme', 'WWW.evil.zip', 'WWW\\[.\\]evil\\[.\\]zip'],
      ['a bare host', 'go to login.evil.co.uk now', 'go to login\\[.\\]evil\\[.\\]co\\[.\\]uk now'],
      ['an ending of today', 'my.bot a.zone b.email', 'my\\[.\\]bot a\\[.\\]zone b\\[.\\]email'],
      ['an ending in any script', 'пример.рф', 'пример\\[.\\]рф'],
      ['a version', 'Authenticator 6.2401.1617', 'Authenticator 6.2401.1617'],
      ['a scheme without slashes', 'javascript:alert(1)', 'javascript\\[:\\]alert\\(1\\)'],
      ['an address of a user', 'megan@contoso.com', 'megan@contoso.com'],
      ['an address of a machine', '203.0.113.9', '203.0.113.9'],
      ['a mention', 'x <at>Everyone</at> y', 'x Everyone y'],
      ['a hidden mention', '<a<at>t>Everyone</a\u200bt>', 'Everyone'],
      ['HTML', '<b>x</b>', '\\<b\\>x\\</b\\>'],
      ['an entity', '&lt;at&gt; & co', '&amp;lt;at&amp;gt; & co'],
      ['a heading', '# big', '\\# big'],
      ['a list', '- item', '\\- item'],
      ['a numbered list', '1. item', '1\\. item'],
      ['a quote', '> said', '\\> said'],
      [
        'a card function',
        '{{DATE(2020-01-01T00:00:00Z,SHORT)}}',
        '{ {DATE\\(2020-01-01T00:00:00Z,SHORT\\)}}',
      ],
      ['many braces', '{{{{', '{ { { {'],
      ['line breaks', 'a\r\n\n- b\u2028c', 'a - b c'],
      ['controls', 'a\u0000b\u001bc\u0085d', 'a b c d'],
      ['reversed text', 'gpj.\u202eexe\u2066\u200f', 'gpj\\[.\\]exe'],
      ['half a character', 'a\ud83d', 'a\ufffd'],
      ['a joined emoji', '👩‍💻', '👩‍💻'],
      ['a long name', 'x'.repeat(500), `${'x'.repeat(199)}…`],
      [
        'a token',
        'Bearer abcdefghijklmnop eyJhbGciOiJub25l.eyJzdWIiOiIx.c2ln',
        'Bearer \\[removed\\] \\[removed\\]',
      ],
      ['a signature', 'x?a=1&sig=abc%2Fdef', 'x?a=1&sig=\\[removed\\]'],
      ['a phone number', 'call +1 (555) 010-9999', 'call \\[phone number\\]'],
    ])('%s is shown literally or not at all', (_, name, expected) => {
      expect(shownAs(name)).toBe(expected);
    });

    const nasty = fc.constantFrom(
      ...[
        '**',
        '__',
        '`',
        '[x](https://evil.com/)',
        'https://evil.com',
        'www.evil.com',
        'evil.com',
      ],
      ...[
        '<at>all</at>',
        '<at',
        '</at>',
        '<script>',
        '\u202e',
        '\u2066',
        '\u200b',
        '\n',
        '\r\n- ',
        '# ',
        '1. ',
      ],
      ...[
        '\\',
        '\\\\',
        '\\[',
        '~~',
        '~',
        '|',
        '![x](data:,1)',
        '&lt;',
        '{{DATE(1)}}',
        '${x}',
        '@{y}',
        '"',
        "'",
      ],
      ...[
        '😀',
        '\ud800',
        '\u0000',
        'eyJhbGciOiJub25l.eyJ',
        'sig=abc',
        'ﷺ',
        '漢',
        'e\u0301',
        'logged by',
        '_',
      ],
    );
    const text = fc.oneof(
      {
        weight: 3,
        arbitrary: fc
          .array(fc.oneof(nasty, fc.string({ unit: 'binary', maxLength: 20 })), { maxLength: 30 })
          .map((parts) => parts.join('')),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(nasty, fc.integer({ min: 1, max: 3_000 }))
          .map(([part, times]) => part.repeat(times)),
      },
      { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 3_000 }) },
    );
    const instant = fc
      .integer({ min: 0, max: 100_000 })
      .map((minutes) => plus(scanned, minutes * MINUTE));
    const row = fc.record({
      source: fc.constant('signIns' as const),
      eventId: text,
      at: instant,
      kind: text,
      what: text,
    });
    const facts = fc.dictionary(
      text,
      fc.oneof(
        text,
        fc.array(text, { maxLength: 12 }),
        fc.double(),
        fc.boolean(),
        fc.constant(null),
        fc.array(fc.record({ name: text, controls: fc.array(text) })),
      ),
      { maxKeys: 20 },
    );
    const finding: fc.Arbitrary<Finding> = fc
      .record({
        severity: fc.constantFrom(...SEVERITIES),
        title: text,
        summary: text,
        name: fc.option(text, { nil: undefined }),
        subjectId: text,
        since: instant,
        firstSeenAt: instant,
        lastSeenAt: instant,
        count: fc.nat(),
        facts,
        evidence: fc.array(row, { maxLength: 6 }),
        resolution: text,
        supersededBy: fc.option(text, { nil: undefined }),
      })
      .map(({ name, subjectId, supersededBy, ...rest }) => ({
        ...unfinished,
        ...rest,
        ...(supersededBy !== undefined && { supersededBy }),
        subject: { type: 'user', id: subjectId, name },
      }));
    const post: fc.Arbitrary<Post> = fc.oneof(
      fc
        .tuple(
          finding,
          fc.constantFrom('opened', 'reopened', 'escalated', 'resolved', 'superseded'),
          fc.constantFrom('card', 'line'),
        )
        .map(([each, verb, form]) => ({
          id: alertOf(each, verb, form).id,
          form,
          items: [{ alert: alertOf(each, verb, form), finding: each }],
        })),
      fc.array(finding, { minLength: 1, maxLength: 30 }).map(digestOf),
    );
    const context = fc.record({
      runbook: fc.array(fc.string({ unit: 'grapheme', maxLength: 1_000 }), { maxLength: 4 }),
      hasPage: fc.boolean(),
    });

    it('never breaks a card, makes it too large, is markup or sends anything back', () => {
      fc.assert(
        fc.property(post, context, (each, { runbook, hasPage }) => {
          const message = teamsMessage(each, {
            runbookOf: () => runbook,
            pageUrl: hasPage ? CONTEXT.pageUrl : undefined,
            tenantId: TENANT,
          });

          const json = JSON.stringify(message);
          expect(faultsOf(message)).toEqual([]);
          expect(Buffer.byteLength(json)).toBeLessThan(MESSAGE_LIMIT);
          expect(json).not.toMatch(/Action\.(Submit|Execute)/);
          expect(json).toContain(each.form === 'digest' ? each.id : each.items[0]!.finding.id);
          const content = message.attachments[0].content;
          for (const [name, shown] of textsOf(content as unknown as Json)) {
            expect(shown).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
            expect(shown.isWellFormed()).toBe(true);
            if (
              name === 'text' ||
              name === 'value' ||
              (name === 'title' && !shown.startsWith('Open '))
            ) {
              const literal = shown.replace(/\\[\\`*_[\]()~#<>.+-]/g, '·');
              expect(literal).not.toMatch(/[\\`*_[\]()~#<>]|^[-+] |^\d+\. |\{\{/);
              expect(shown).not.toMatch(/https?:|(?<![a-z0-9])www\.|(?<=^|\s)evil\.com(?=$|\s)/i);
            }
            if (name === 'url') {
              expect(shown).toMatch(
                /^https:\/\/(entra\.microsoft\.com|crosscheck\.example\.com)\//,
              );
            }
          }
        }),
        { numRuns: 500 },
      );
    }, 120_000);

    it.each([
      ['x', 4, 1, '12 facts, 6 events, 2500 characters'],
      ['😀', 1, 1, '4 facts, 6 events, 2500 characters'],
      ['😀', 3, 1, '0 facts, 6 events, 2500 characters'],
      ['😀', 4, 1, '0 facts, 2 events, 2500 characters'],
      ['😀', 4, 200, '0 facts, 2 events, 600 characters'],
    ])(
      'too much of %s is left out in order: facts, then events, then text (%d, %d)',
      (part, steps, name, expected) => {
        const what = part.repeat(200);
        const facts = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`fact${i}`, what]));
        const events = Array.from({ length: 6 }, (_, i) => evidence(`e${i}`, i, 'k', what));
        const summary = part.repeat(2_500);
        const runbook = Array<string>(steps).fill(part.repeat(600));
        const subject = { type: 'user', id: part.repeat(name), name: part.repeat(name) } as const;
        const title = part.repeat(name);
        const post = postOf({
          ...unfinished,
          ...{ facts, summary, subject, title },
          evidence: events,
          since: scanned,
        });

        const text = said(post, { ...CONTEXT, runbookOf: () => runbook });

        const count = (pattern: RegExp): number => [...text.matchAll(pattern)].length;
        const lines = text.split('\n').filter((line) => !line.startsWith('https://'));
        const longest = Math.max(...lines.map((line) => Array.from(line).length));
        expect(
          `${count(/^Fact\d+$/gm)} facts, ${count(/^2023-08-08 12:\d\d UTC$/gm) - 1} events, ${longest} characters`,
        ).toBe(expected);
      },
    );

    it.each(['漢', '😀', '\\', '"', 'a.io ', 'x:// ', '&a; ', '{{'])(
      'as long as can be, of %j alone, still fits, and says so when something is left out',
      (part) => {
        const long = part.repeat(3_000);
        const facts = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`fact${i}`, long]));
        const event = {
          source: 'signIns',
          eventId: 'e',
          at: scanned,
          kind: 'k',
          what: long,
        } as const;
        const huge: Finding = {
          ...named(long),
          ...{ title: long, summary: long, facts, since: scanned },
          evidence: Array<typeof event>(6).fill(event),
        };
        const runbook = Array<string>(4).fill(long);

        const message = teamsMessage(postOf(huge), { ...CONTEXT, runbookOf: () => runbook });

        const json = JSON.stringify(message);
        expect(Buffer.byteLength(json)).toBeLessThan(MESSAGE_LIMIT);
        expect(json.includes('Shortened to fit')).toBe(!json.includes('Fact11'));
        expect(json.includes(huge.id)).toBe(true);
      },
    );
  });

  it('shows a log that cannot be read without a user that there is none of', () => {
    const post = postOf(
      worded(MFA, 'unfinished', {
        ...{ failure: 'denied', error: 'Graph answered 403', remedy: 'Grant AuditLog.Read.All.' },
      }),
    );
    const [item] = post.items;
    const subject = { type: 'log', id: 'signIns', name: 'The sign-in log' } as const;
    const message = teamsMessage(
      { ...post, items: [{ ...item!, finding: { ...item!.finding, subject } }] },
      CONTEXT,
    );

    const { body, actions } = message.attachments[0].content;
    expect(actions.map((each) => each.title)).toEqual(['Open finding']);
    expect(JSON.stringify(body)).toContain('The sign-in log');
    expect(JSON.stringify(body)).not.toContain('User id');
    expect(faultsOf(message)).toEqual([]);
  });
});
