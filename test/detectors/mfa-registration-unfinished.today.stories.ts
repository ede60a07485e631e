import {
  ADMIN,
  adminReset,
  AUTHENTICATOR,
  cancelled,
  DAYS,
  deleted,
  left,
  methods,
  named,
  oldRemoved,
  pass,
  phone,
  phones,
  proofUp,
  registered,
  registeredAll,
  removed,
  roleAssigned,
  roleEnded,
  scanned,
  secondAdded,
  SERVICE,
  sms,
  started,
  used,
} from './mfa-rows';
import {
  at,
  audit,
  signIn,
  TICK,
  update,
  type Row,
  type Said,
  type Story,
  type When,
} from './play';

// What Entra logs today, and what people reported of it. Stories like those of the main file, by the fault that each
// kind of row once caused (a finding that nobody was told of, or one that was wrong).

const PLAIN = { message: 'unfinished', state: 'open', severity: 'medium', stage: 'alert' } as const;
const LOW = { ...PLAIN, severity: 'low' } as const;
const HIGH = { ...PLAIN, severity: 'high' } as const;

const scan = scanned('scan', 0, 'phone-1');
const CODE_ONLY = { DeviceName: 'NO_DEVICE', DeviceToken: 'NO_DEVICE_TOKEN' };
const codeOnly = phones('scan', 0, [], [phone('phone-1', CODE_ONLY)]);
const reset = (id: string, when: When): Row =>
  adminReset(id, when, {
    reason: 'Admin required re-registration of MFA authentication methods.',
  });
const added = (id: string, when: When, activity: string, raw: Row = {}): Row =>
  audit(id, when, { activity, service: 'Device Registration Service', raw });
const asked = (id: string, when: When, errorCode: number, raw: Row = {}): Row =>
  signIn(id, when, { errorCode, conditionalAccess: 'failure', raw });
const HOME = '11111111-0000-4000-8000-000000000001';
const OTHER = '22222222-0000-4000-8000-000000000002';

/** The words that a summary must hold, beside what is compared. */
export interface Words {
  readonly says?: RegExp;
  readonly saysNot?: RegExp;
}

export const RAISES_TODAY: readonly Story<Partial<Said> & Words>[] = (
  [
    {
      when: 'a row without its reason seemed to verify it, and says when it comes once more that it failed',
      story: [
        scan,
        registered('done', 1, { reason: '' }),
        registered('done', 1, { reason: 'User failed to register Authenticator App' }),
      ],
      expected: PLAIN,
    },
    // The flavor of the ordinary app
    ...[null, 'Authenticator', 'authenticator', ' Authenticator ', ''].map(
      (AuthenticatorFlavor) => ({
        when: `the flavor is ${JSON.stringify(AuthenticatorFlavor)}: the ordinary app`,
        story: [phones('scan', 0, [], [phone('phone-1', { AuthenticatorFlavor })])],
        expected: PLAIN,
      }),
    ),
    ...['AuthenticatorLite', 'Outlook'].map((AuthenticatorFlavor) => ({
      when: `the flavor is ${AuthenticatorFlavor}: on probation`,
      story: [phones('scan', 0, [], [phone('phone-1', { AuthenticatorFlavor })])],
      expected: { ...PLAIN, stage: 'watch' },
    })),

    // The old phone goes, the new one is not verified
    {
      when: 'the old phone is deleted within the grace: the new one is not',
      story: [secondAdded('scan', 0), deleted('gone', 5), oldRemoved('left', 5.02)],
      expected: {
        ...HIGH,
        anchor: 'device:phone-1',
        says: /Their other authenticator was removed at 2026-03-02 12:05 UTC: only this one, which cannot be used, is left\./,
        saysNot: /[Aa]nother method|another authenticator/,
      },
    },
    {
      when: 'the old phone is deleted hours later',
      story: [secondAdded('scan', 0), deleted('gone', 125), oldRemoved('left', 125.02)],
      expected: HIGH,
    },
    {
      when: 'the row that shows which one left comes first',
      story: [secondAdded('scan', 0), oldRemoved('left', 124.9), deleted('gone', 125)],
      expected: HIGH,
    },
    {
      when: 'an administrator deletes the old phone',
      story: [secondAdded('scan', 0), adminReset('gone', 20), oldRemoved('left', 20.02, ADMIN)],
      expected: HIGH,
    },
    {
      when: 'only the directory shows that the old phone left',
      story: [secondAdded('scan', 0), oldRemoved('left', 5)],
      expected: { ...HIGH, evidence: ['scan', 'left'] },
    },
    {
      when: 'the old phone was verified in view and is removed',
      story: [
        scanned('first', -3 * DAYS, 'old'),
        registered('done', -3 * DAYS + 1),
        secondAdded('scan', 0),
        oldRemoved('left', 30),
      ],
      expected: HIGH,
    },
    {
      when: 'the old phone goes and another method answers prompts',
      story: [secondAdded('scan', 0), sms('sms', 3), oldRemoved('left', 30)],
      expected: { ...LOW, says: /Another method of theirs is known: a phone number\./ },
    },
    {
      when: 'the old phone goes and a third one stays',
      story: [
        phones(
          'scan',
          0,
          [phone('old'), phone('third')],
          [phone('old'), phone('third'), phone('phone-1')],
        ),
        phones(
          'left',
          30,
          [phone('old'), phone('third'), phone('phone-1')],
          [phone('third'), phone('phone-1')],
        ),
      ],
      expected: { ...LOW, says: /Another method of theirs is known: another authenticator\./ },
    },
    {
      when: 'one was deleted, no row shows which, and there are two',
      story: [secondAdded('scan', 0), deleted('gone', 125)],
      expected: {
        ...LOW,
        says: /An authenticator was deleted at 2026-03-02 14:05 UTC; the log does not show which one\./,
      },
    },
    {
      when: 'one was deleted where the log has a gap',
      story: [scan, deleted('gone', 125)],
      gaps: [[126, 127]] as const,
      expected: { ...PLAIN, says: /the log does not show which one/ },
    },
    {
      when: 'something without a name was deleted and they have another method',
      story: [scan, sms('sms', 3), deleted('gone', 125, { reason: '' })],
      expected: LOW,
    },
    {
      when: 'the new phone took the place of the old one in one step',
      story: [phones('scan', 0, [phone('old')], [phone('phone-1')])],
      expected: {
        ...LOW,
        says: /It took the place of another in one step\./,
        saysNot: /[Aa]nother method of theirs/,
      },
    },

    // "All required" is of the other method
    {
      when: 'SMS was registered instead, and with it all that is required',
      story: [scan, sms('sms', 6), registeredAll('all', 6.03)],
      expected: { ...LOW, evidence: ['scan', 'sms'] },
    },
    {
      when: 'the methods gained SMS, and with it all that is required',
      story: [scan, methods('sms', 6, [], [1, 5]), registeredAll('all', 6.03)],
      expected: LOW,
    },
    {
      when: 'an app password was registered, and with it all that is required',
      story: [
        scan,
        registered('app', 6, { reason: 'User registered App Password' }),
        registeredAll('all', 6.03),
      ],
      expected: PLAIN,
    },
    {
      when: 'the reason of "all required" says that it failed',
      story: [scan, registeredAll('all', 6, { reason: 'User failed to register' })],
      expected: LOW,
    },
    {
      when: 'a row without a name follows, and the methods gained SMS',
      story: [scan, methods('sms', 1, [], [5]), registered('some', 1.1, { reason: '' })],
      expected: LOW,
    },
    {
      when: 'the additional details of a row without a reason name another method',
      story: [scan, registered('some', 1, { reason: '', raw: named('Mobile Phone SMS') })],
      expected: LOW,
    },
    {
      when: 'the additional details name a method that is not known',
      story: [scan, registered('some', 1, { reason: '', raw: named('Retina') })],
      expected: PLAIN,
    },
    {
      when: 'the reason names a method that is not known',
      story: [scan, registered('some', 1, { reason: 'User registered Retina' })],
      expected: PLAIN,
    },

    // What can and what cannot answer an MFA prompt
    ...(
      [
        ['User registered Fido', 'a security key'],
        ['User registered Fido2 Authentication Method', 'a security key'],
        ['User registered Passkey', 'a passkey'],
        ['User registered Windows Hello for Business', 'Windows Hello'],
      ] as const
    ).map(([reason, word]) => ({
      when: `another strong method was registered: ${reason}`,
      story: [scan, registered('key', 6, { reason })],
      expected: {
        ...LOW,
        evidence: ['scan', 'key'],
        says: new RegExp(`They can sign in with ${word}\\.`),
        saysNot: /At the next MFA prompt/,
      },
    })),
    ...(
      [
        ['Add FIDO2 security key', 'a security key'],
        ['Add Passkey (device-bound)', 'a passkey'],
        ['Add Passkey (device-bound) security key', 'a security key'],
        ['Add Windows Hello for Business credential', 'Windows Hello'],
        ['Add platform credential', 'a platform credential'],
      ] as const
    ).map(([activity, word]) => ({
      when: `another strong method was added: ${activity}`,
      story: [scan, added('key', 6, activity)],
      expected: { ...LOW, says: new RegExp(`They can sign in with ${word}\\.`) },
    })),
    {
      when: 'the passkey row names its target by nothing: the person did it themselves',
      story: [
        scan,
        added('key', 6, 'Add Passkey (device-bound)', {
          targetResources: [{ id: null, type: 'User', userPrincipalName: null, displayName: null }],
        }),
      ],
      expected: LOW,
    },
    {
      when: 'two rows tell of one registration: the more exact one counts',
      story: [
        scan,
        registered('pair-1', 6, { reason: 'User registered Passkey' }),
        added('pair-2', 6.1, 'Add Passkey (device-bound) security key'),
      ],
      expected: { ...LOW, says: /They can sign in with a security key\./, saysNot: /a passkey/ },
    },
    {
      when: 'a hardware token was registered',
      story: [scan, registered('token', 6, { reason: 'User registered Hardware OATH token' })],
      expected: { ...LOW, says: /a hardware token/ },
    },
    ...(
      [
        ['App Password', 'an app password'],
        ['Email', 'an e-mail address'],
        ['Security Questions', 'security questions'],
      ] as const
    ).map(([label, word]) => ({
      when: `${word} was registered, which answers no prompt`,
      story: [scan, registered('some', 6, { reason: `User registered ${label}` })],
      expected: {
        ...PLAIN,
        says: new RegExp(`They also registered ${word}, which cannot answer an MFA prompt\\.`),
      },
    })),
    {
      when: 'only an e-mail address was written to the account',
      story: [
        scan,
        update('mail', 6, [
          ['StrongAuthenticationUserDetails', [], [{ PhoneNumber: null, Email: 'a@example.net' }]],
        ]),
      ],
      expected: PLAIN,
    },
    {
      when: 'SMS was registered and deleted again',
      story: [
        scan,
        sms('sms', 6),
        deleted('gone', 20, { reason: 'User deleted Mobile Phone SMS' }),
      ],
      expected: { ...PLAIN, saysNot: /phone number/ },
    },
    {
      when: 'SMS was gained and lost again',
      story: [scan, methods('sms', 6, [], [5]), methods('gone', 20, [5], [])],
      expected: PLAIN,
    },
    {
      when: 'a security key was added and deleted again',
      story: [
        scan,
        added('key', 6, 'Add FIDO2 security key'),
        added('gone', 90, 'Delete FIDO2 security key'),
      ],
      expected: PLAIN,
    },
    ...(
      [
        ['Add FIDO2 security key', 'Delete FIDO2 security key(s)'],
        ['Add Passkey (device-bound)', 'Delete Passkey (device-bound)'],
        [
          'Add Windows Hello for Business credential',
          'Delete Windows Hello for Business credential',
        ],
        ['Add platform credential', 'Delete platform credential'],
      ] as const
    ).map(([on, off]) => ({
      when: `a strong method was added and removed again: ${off}`,
      story: [scan, added('key', 6, on), added('gone', 90, off)],
      expected: PLAIN,
    })),
    {
      when: 'an administrator took the phone number away',
      story: [
        sms('sms', -60),
        scan,
        adminReset('gone', 90, { reason: 'Admin deleted phone method for user' }),
      ],
      expected: PLAIN,
    },

    // A Temporary Access Pass
    {
      when: 'a Temporary Access Pass was issued 10 min before, and there is nothing else',
      story: [pass('pass', -10), scan],
      expected: {
        ...HIGH,
        evidence: ['pass', 'scan'],
        says: /A Temporary Access Pass was issued at 2026-03-02 11:50 UTC; when it expires, no method is known that works\./,
      },
    },
    {
      when: 'a Temporary Access Pass was issued more than a day before',
      story: [pass('pass', -DAYS - TICK), scan],
      expected: PLAIN,
    },
    {
      when: 'a Temporary Access Pass was issued afterwards',
      story: [scan, pass('pass', 0.5)],
      expected: PLAIN,
    },
    {
      when: 'a Temporary Access Pass was issued and a phone number registered since',
      story: [pass('pass', -10), scan, sms('sms', 3)],
      expected: LOW,
    },

    // Roles held now
    {
      when: 'a role was activated for an hour, two months before',
      story: [
        roleAssigned('on', -60 * DAYS, 'Exchange Administrator'),
        roleEnded('off', -60 * DAYS + 60, 'Exchange Administrator'),
        scan,
      ],
      expected: { ...PLAIN, saysNot: /They hold/ },
    },
    ...[
      'Remove member from role (PIM activation expired)',
      'Remove member from role completed (PIM deactivate)',
    ].map((activity) => ({
      when: `a role activation ended: ${activity}`,
      story: [
        roleAssigned('on', -120, 'Exchange Administrator'),
        roleEnded('off', -60, 'exchange administrator', activity),
        scan,
      ],
      expected: PLAIN,
    })),
    {
      when: 'the row that ends a role names it as a target only',
      story: [
        roleAssigned('on', -120, 'Exchange Administrator'),
        audit('off', -60, {
          activity: 'Remove member from role (PIM activation expired)',
          by: { app: 'Azure AD PIM' },
          raw: {
            targetResources: [
              { id: 'role', type: 'Role', displayName: 'Exchange Administrator' },
              { id: 'ann', type: 'User', userPrincipalName: 'ann@example.com' },
            ],
          },
        }),
        scan,
      ],
      expected: PLAIN,
    },
    {
      when: 'a role ended and was given once more',
      story: [
        roleAssigned('on', -120, 'Exchange Administrator'),
        roleEnded('off', -60, 'Exchange Administrator'),
        scan,
        roleAssigned('again', 30, 'Exchange Administrator'),
      ],
      expected: { ...HIGH, says: /They hold Exchange Administrator\./ },
    },
    {
      when: 'one of two roles ended',
      story: [
        roleAssigned('on-1', -120, 'Exchange Administrator'),
        roleAssigned('on-2', -110, 'User Administrator'),
        roleEnded('off', -60, 'Exchange Administrator'),
        scan,
      ],
      expected: { ...HIGH, says: /They hold User Administrator\./ },
    },

    // Confirmed by the sign-in log
    ...[50072, 50079].map((code) => ({
      when: `they are asked to set up again (${code})`,
      story: [scan, asked('ask', 21 * 60 + 2, code)],
      until: 2 * DAYS,
      expected: {
        ...HIGH,
        evidence: ['scan', 'ask'],
        says: /Confirmed by the sign-in log: they were asked to set up again at 2026-03-03 09:02 UTC\./,
        saysNot: /At the next MFA prompt/,
      },
    })),
    {
      when: 'they are asked again and have another method: confirmed all the same',
      story: [scan, sms('sms', 3), asked('ask', 120, 50079)],
      expected: HIGH,
    },
    {
      when: 'they were asked before the grace ended: that was the registration itself',
      story: [asked('ask-1', -1, 50079), scan, asked('ask-2', 60, 50079)],
      expected: PLAIN,
    },
    {
      when: 'they were asked many times that day: after the grace counts',
      story: [
        ...[-9, -8, -7, -6, -5].map((when, i) => asked(`early-${i}`, when, 50079)),
        scan,
        asked('ask', 61, 50079),
      ],
      expected: { ...HIGH, evidence: ['scan', 'ask'] },
    },
    ...(
      [
        ['a guest was asked by their own home', HOME, OTHER, PLAIN],
        ['a member was asked', HOME, HOME.toUpperCase(), HIGH],
        ['somebody was asked whose home is not said', '', HOME, HIGH],
        [
          'somebody was asked whose home is zeros',
          '00000000-0000-0000-0000-000000000000',
          HOME,
          HIGH,
        ],
      ] as const
    ).map(([when, homeTenantId, resourceTenantId, expected]) => ({
      when,
      story: [scan, asked('ask', 120, 50079, { homeTenantId, resourceTenantId })],
      expected,
    })),
    {
      when: 'they are asked for security info (50125): said, and no more',
      story: [scan, asked('ask', 120, 50125)],
      expected: {
        ...PLAIN,
        says: /A sign-in was interrupted at 2026-03-02 14:00 UTC to ask for security info\./,
      },
    },
    ...[53004, 53010].map((code) => ({
      when: `registering is blocked (${code}) at once after the entry`,
      story: [scan, proofUp('blocked', 0.1, code)],
      expected: {
        ...HIGH,
        says: /A sign-in at 2026-03-02 12:00 UTC was blocked from registering MFA\./,
      },
    })),
    {
      when: 'registering was blocked before: that is not about this one',
      story: [proofUp('blocked', -60, 53004), scan],
      expected: PLAIN,
    },

    // Words and spellings
    {
      when: 'an app that only shows codes was added',
      story: [codeOnly],
      expected: {
        ...PLAIN,
        says: /added an authenticator app that only shows codes at/,
        saysNot: /NO_DEVICE|[Pp]hone|scanned/,
      },
    },
    {
      when: 'it is the third of five places',
      story: [
        phones('scan', 0, [phone('a'), phone('b')], [phone('a'), phone('b'), phone('phone-1')]),
      ],
      expected: { ...LOW, says: /3 of 5 places used by authenticators\./ },
    },
    {
      when: 'the service is named with a space at the end',
      story: [
        scanned('scan', 0, 'phone-1', { by: { app: `${'app' in SERVICE ? SERVICE.app : ''} ` } }),
      ],
      expected: PLAIN,
    },
    ...['SPN', 'ActorId.ServicePrincipalNames'].map((property) => ({
      when: `the service is named by ${property} only`,
      story: [
        update(
          'scan',
          0,
          [
            ['StrongAuthenticationPhoneAppDetail', [], [phone('phone-1')]],
            [property, null, 'B5A60E17-278b-4c92-a4e2-b9262e66bb28'],
          ],
          { raw: { initiatedBy: { app: null, user: null } } },
        ),
      ],
      expected: PLAIN,
    })),
    {
      when: 'the values are JSON text inside JSON text',
      story: [
        update(
          'scan',
          0,
          [['StrongAuthenticationPhoneAppDetail', '[]', JSON.stringify([phone('phone-1')])]],
          { by: SERVICE },
        ),
      ],
      expected: PLAIN,
    },
    ...[null, undefined, ''].map((result) => ({
      when: `the row does not say how it ended (${String(result)})`,
      story: [scanned('scan', 0, 'phone-1', { raw: { result } })],
      expected: PLAIN,
    })),
    ...['User changed default security info', 'User updated security info'].map((activity) => ({
      when: `"${activity}" proves nothing that is known`,
      story: [scan, audit('row', 1, { activity, reason: `User updated ${AUTHENTICATOR}` })],
      expected: PLAIN,
    })),
    {
      when: 'the account was disabled and is enabled again',
      story: [scan, left('off', 120, 'Disable account'), left('on', 180, 'Enable account')],
      expected: PLAIN,
    },
    {
      when: 'the person was deleted and restored',
      story: [scan, left('off', 120, 'Delete user'), left('on', 180, 'Restore user')],
      expected: PLAIN,
    },
    {
      when: 'the person left before and came back',
      story: [left('off', -60, 'Disable account'), scan],
      expected: PLAIN,
    },
  ] satisfies readonly (Omit<Story<Partial<Said> & Words>, 'until'> & { until?: When })[]
).map((each) => ({ until: 280, ...each }));

export const SILENT_TODAY: readonly Story[] = (
  [
    ...['User started the registration for Passkey', 'User failed to start the registration'].map(
      (reason) => ({
        when: `a start came without its reason first, and then: ${reason}`,
        story: [started('start', 0, { reason: '' }), started('start', 0, { reason })],
      }),
    ),
    ...(
      [
        ['the reason is empty', { reason: '' }],
        ['the reason is missing', { raw: { resultReason: null } }],
        [
          'the reason is another sentence',
          { reason: 'Der Benutzer hat Sicherheitsinfos registriert' },
        ],
        ['the result is missing', { raw: { result: null } }],
        [
          'the reason names it in another language',
          { reason: 'Der Benutzer hat die Authenticator-App registriert' },
        ],
        [
          'the wording is newer',
          { reason: 'User registered Microsoft Authenticator Authentication Method' },
        ],
        ['the wording is older', { reason: 'User registered Mobile App Notification' }],
        ['the additional details name it', { reason: '', raw: named(AUTHENTICATOR) }],
        ['the reason names a software token', { reason: 'User registered Software OATH token' }],
        [
          'another wording names a software token',
          { reason: 'User registered Software OATH Token Authentication Method' },
        ],
        ['it is the one inside Outlook', { reason: 'User registered Authenticator Lite' }],
        [
          'it is a passkey in the app itself',
          { reason: 'User registered Passkey (Microsoft Authenticator)' },
        ],
        [
          'the details of the passkey name the app',
          { reason: 'User registered Passkey', raw: named('Microsoft Authenticator') },
        ],
        [
          'the target is named by an address in other letters',
          {
            raw: {
              targetResources: [{ id: null, type: 'User', userPrincipalName: 'Ann@Example.COM' }],
            },
          },
        ],
        ['the target is missing', { raw: { targetResources: [] } }],
        ['the targets are null', { raw: { targetResources: null } }],
        [
          'the id is in other letters',
          {
            raw: {
              targetResources: [{ id: 'ANN', type: 'User', userPrincipalName: 'ann@example.com' }],
            },
          },
        ],
        ['another service logs it', { service: 'Azure MFA' }],
      ] as const
    ).map(([when, options]) => ({
      when: `it is registered and ${when}`,
      story: [scan, registered('done', 0.6, options as never)],
    })),
    {
      when: 'a row without a name follows the second authenticator within 10 min',
      story: [secondAdded('scan', 0), registered('done', 10, { reason: '' })],
    },
    {
      when: 'a code-only app is verified, named as a software token',
      story: [codeOnly, registered('done', 1, { reason: 'User registered Software OATH token' })],
    },
    {
      when: 'the phone signs in without a password',
      story: [scan, added('done', 0.5, 'Add passwordless phone sign-in credential')],
    },
    {
      when: 'two rows tell of a passkey in the app',
      story: [
        scan,
        added('pair-1', 6, 'Add Passkey (device-bound)'),
        registered('pair-2', 6.1, { reason: 'User registered Passkey in Microsoft Authenticator' }),
      ],
    },
    {
      when: 'all that is required was registered and the other method came before',
      story: [sms('sms', -30), scan, registeredAll('all', 1)],
    },
    {
      when: 'the phone number only moved to another place in the list before "all required"',
      story: [scan, methods('order', 0.5, [5, 0], [0, 5]), registeredAll('all', 1)],
    },
    {
      when: 'the Id comes back in other letters: the same authenticator was used',
      story: [scanned('scan', 0, 'ABCD-1'), used('use', 30, 'abcd-1', '2026-03-02T12:20:00Z')],
    },
    {
      when: 'the Id comes back in other letters: the same authenticator was removed',
      story: [scanned('scan', 0, 'abcd-1'), removed('gone', 10, 'ABCD-1')],
    },
    { when: 'an administrator required registering again', story: [scan, reset('reset', 5)] },
    {
      when: 'an administrator required registering again, whatever else is listed',
      story: [secondAdded('scan', 0), reset('reset', 5)],
    },
    {
      when: 'somebody else emptied the methods, whatever else is listed',
      story: [secondAdded('scan', 0), methods('reset', 5, [6, 7], [], { by: ADMIN })],
    },
    {
      when: 'the new one was deleted, shown by the row beside it, and the old one stays',
      story: [
        secondAdded('scan', 0),
        deleted('gone', 5),
        phones('left', 5.02, [phone('old'), phone('phone-1')], [phone('old')], {
          by: { user: 'ann' },
        }),
      ],
    },
    {
      when: 'something without a name was deleted and there was nothing else',
      story: [scan, deleted('gone', 5, { reason: '' })],
    },
    {
      when: 'a passkey was started three times: another detector speaks of it',
      story: [0, 1, 2].map((when) =>
        started(`start-${when}`, when, { reason: 'User started the registration for Passkey' }),
      ),
    },
    {
      when: 'an administrator required registering again and nobody did',
      story: [
        methods('reset-1', 0, [6, 7], [], { by: ADMIN }),
        phones('reset-2', 0.1, [phone('phone-1')], [], { by: ADMIN }),
      ],
    },
    {
      when: 'the flavor of a known authenticator was filled in',
      story: [
        phones(
          'flavor',
          0,
          [phone('phone-1')],
          [phone('phone-1', { AuthenticatorFlavor: 'Authenticator' })],
        ),
      ],
    },
  ] satisfies readonly (Omit<Story, 'until' | 'expected'> & { until?: When })[]
).map((each) => ({ until: 280, ...each, expected: undefined }));

export const RESOLVES_TODAY: readonly Story<Partial<Said> & Words>[] = (
  [
    {
      when: 'an administrator requires registering again',
      story: [secondAdded('scan', 0), reset('end', 120)],
      expected: {
        state: 'resolved',
        resolution: 'admin-reset',
        message: 'reset',
        says: /had not verified it by 2026-03-02 13:00 UTC\. An administrator reset the methods at 2026-03-02 14:00 UTC\./,
      },
    },
    {
      when: 'the person leaves within the grace: they had not finished',
      story: [scan, left('end', 20, 'Delete user')],
      expected: {
        state: 'resolved',
        resolution: 'user-deleted',
        message: 'left',
        since: at(20),
        evidence: ['scan', 'end'],
        says: /had not verified it by 2026-03-02 12:20 UTC\. The account was deleted at 2026-03-02 12:20 UTC\./,
      },
    },
    {
      when: 'the wording of the deletion is newer',
      story: [
        scan,
        deleted('end', 120, {
          reason: 'User deleted Microsoft Authenticator Authentication Method',
        }),
      ],
      expected: { state: 'resolved', resolution: 'deleted', message: 'removed' },
    },
    {
      when: 'they were asked again and then registered: confirmed',
      story: [scan, asked('ask', 120, 50072), registered('end', 121)],
      expected: {
        state: 'resolved',
        resolution: 'completed',
        severity: 'high',
        says: /Confirmed by the sign-in log: they were asked to set up again at 2026-03-02 14:00 UTC\./,
      },
    },
    {
      when: 'a role came after the end',
      story: [scan, registered('end', 120), roleAssigned('role', 200, 'Global Administrator')],
      expected: { state: 'resolved', severity: 'medium', evidence: ['scan', 'end'] },
    },
    {
      when: 'they registered another time and verified that: registered again',
      story: [
        scan,
        phones('scan-2', 120, [phone('phone-1')], [phone('phone-1'), phone('phone-2')]),
        registered('end', 121),
      ],
      expected: { state: 'resolved', resolution: 'retried', message: 'retried' },
    },
    {
      when: 'a row without a name verifies it late',
      story: [
        scan,
        phones('scan-2', 120, [phone('phone-1')], [phone('phone-1'), phone('phone-2')]),
        registered('end', 125, { reason: '' }),
      ],
      expected: {
        state: 'resolved',
        resolution: 'retried',
        says: /Registration was completed \(the row names no method and follows the authenticator\) at/,
      },
    },
    {
      when: 'it was cancelled and later removed',
      story: [scan, cancelled('cancel', 1), removed('end', 120, 'phone-1')],
      expected: { state: 'resolved', resolution: 'removed', message: 'removed', severity: 'low' },
    },
  ] satisfies readonly (Omit<Story<Partial<Said> & Words>, 'until'> & { until?: When })[]
).map((each) => ({ until: 280, ...each }));

/** A deletion is judged when the rows beside it must have been read. */
export const WAITS_TODAY: readonly Story<When>[] = [
  {
    when: 'one was deleted just before the deadline: which one shows 5 min later',
    story: [secondAdded('scan', 0), deleted('gone', 58)],
    until: 61,
    expected: 63 + TICK,
  },
];
