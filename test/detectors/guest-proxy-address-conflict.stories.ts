import { at, type Said } from './play';
import {
  conflict,
  contact,
  guest,
  removed,
  synced,
  taken,
  user,
  type DirectoryStory,
} from './rounds';

export const ADDRESS = 'tim@partner.example';
const HOUR = 60;

const tim = guest('g-1', ADDRESS);
const refused = synced('s-1', {
  userPrincipalName: 'tim.external@example.com',
  mail: ADDRESS,
  proxyAddresses: ['smtp:tim.external@example.com'],
  serviceProvisioningErrors: [taken(ADDRESS, 'tim_partner.example#EXT#')],
});
const wishing = synced('s-1', { mail: ADDRESS, proxyAddresses: ['SMTP:s-1@example.com'] });
const cleared = { id: 's-1', serviceProvisioningErrors: [] };
const PAIR = 'g-1|s-1';

export const RAISES: readonly DirectoryStory<Partial<Said>>[] = [
  {
    when: 'a guest holds the address that Exchange refuses a synchronised user',
    rounds: [
      { at: 0, users: [tim] },
      { at: 30, users: [refused] },
    ],
    expected: { state: 'open', message: 'guest-holds', severity: 'medium', anchor: PAIR },
  },
  {
    when: 'the guest is removed and the error stays: free, not retried',
    rounds: [
      { at: 0, users: [tim] },
      { at: 30, users: [refused] },
      { at: 60, users: [removed('g-1')] },
    ],
    expected: {
      ...{ state: 'open', message: 'guest-holds', anchor: PAIR },
      summary: expect.stringContaining(
        'free since 2026-03-02 13:00 UTC; provisioning has not been retried. Its holder is in the bin',
      ) as string,
    },
  },
  {
    when: 'the error goes after the guest: freed',
    rounds: [
      { at: 0, users: [tim] },
      { at: 30, users: [refused] },
      { at: 60, users: [removed('g-1')] },
      { at: 90, users: [cleared, { id: 's-1', mail: 'tim.external@example.com' }] },
    ],
    expected: { state: 'resolved', resolution: 'freed', message: 'guest-holds' },
  },
  {
    when: 'a synchronised user is without its mail address for 4 h',
    rounds: [
      { at: 0, users: [tim] },
      { at: 30, users: [wishing] },
    ],
    until: 30 + 4 * HOUR,
    expected: { state: 'open', message: 'guest-holds-likely', severity: 'low', anchor: PAIR },
  },
  {
    when: 'synchronisation left the address out because a member has it',
    rounds: [
      { at: 0, users: [user('m-1', { proxyAddresses: [`SMTP:${ADDRESS}`], mail: ADDRESS })] },
      {
        at: 30,
        users: [
          synced('s-1', { onPremisesProvisioningErrors: [conflict(ADDRESS, 'UserPrincipalName')] }),
        ],
      },
    ],
    expected: { state: 'open', message: 'other-holds', severity: 'low', anchor: 'm-1|s-1' },
  },
  {
    when: 'the token expired between the rounds and everything was read again',
    rounds: [
      { at: 0, users: [tim, user('x')] },
      { at: 600, isWhole: true, users: [tim, refused, user('x')] },
    ],
    gaps: [[0, 600]],
    expected: { state: 'open', message: 'guest-holds', anchor: PAIR },
  },
  {
    when: 'the round came twice',
    rounds: [
      { at: 0, users: [tim] },
      { at: 30, users: [refused, refused] },
      { at: 30, users: [refused] },
    ],
    expected: {
      state: 'open',
      message: 'guest-holds',
      since: at(30),
    },
  },
  {
    when: 'a contact holds the address of a guest who has none',
    rounds: [
      { at: 0, contacts: [contact('c-1', ADDRESS)] },
      { at: 30, users: [guest('g-1', ADDRESS, { proxyAddresses: [] })] },
    ],
    expected: {
      state: 'open',
      message: 'guest-without-address',
      severity: 'low',
      anchor: 'c-1|g-1',
    },
  },
  {
    when: 'a group waits for an address that a contact holds',
    rounds: [
      {
        at: 0,
        contacts: [contact('c-1', 'all@example.com')],
        groups: [
          {
            id: 'gr-1',
            displayName: 'All',
            mail: 'all@example.com',
            proxyAddresses: [],
            serviceProvisioningErrors: [taken('all@example.com', 'all')],
          },
        ],
      },
    ],
    expected: { state: 'open', message: 'other-holds', anchor: 'c-1|gr-1' },
  },
  {
    when: 'the error says that an address is taken and names none: its own mail address',
    rounds: [
      { at: 0, users: [tim] },
      {
        at: 30,
        users: [
          synced('s-1', {
            mail: ADDRESS,
            serviceProvisioningErrors: [
              taken(ADDRESS, '', { errorDetail: '<ErrorCode>Ex1472D1</ErrorCode>' }),
            ],
          }),
        ],
      },
    ],
    expected: { state: 'open', message: 'guest-holds' },
  },
  {
    when: 'both hold it in the directory and Exchange refuses one, as in the story it comes from',
    rounds: [
      { at: 0, users: [tim] },
      {
        at: 30,
        users: [
          synced('s-1', {
            ...{ mail: ADDRESS, proxyAddresses: [`SMTP:${ADDRESS}`] },
            serviceProvisioningErrors: [taken(ADDRESS, 'tim_partner.example#EXT#')],
          }),
        ],
      },
    ],
    expected: { state: 'open', message: 'guest-holds', anchor: PAIR },
  },
  {
    when: 'a member from another tenant holds it',
    rounds: [
      { at: 0, users: [guest('g-1', ADDRESS, { userType: 'Member' })] },
      { at: 30, users: [refused] },
    ],
    expected: { state: 'open', message: 'guest-holds', anchor: PAIR },
  },
  {
    when: 'the wanter is removed',
    rounds: [
      { at: 0, users: [tim, refused] },
      { at: 60, users: [removed('s-1', 'deleted')] },
    ],
    expected: { state: 'resolved', resolution: 'wanter-gone' },
  },
  {
    when: 'the wanter gets another address and needs this one no more',
    rounds: [
      { at: 0, users: [tim, refused] },
      { at: 60, users: [{ id: 's-1', mail: 's-1@example.com', serviceProvisioningErrors: [] }] },
    ],
    expected: { state: 'resolved', resolution: 'renamed' },
  },
  {
    when: 'the address goes to somebody else who is in the way now',
    rounds: [
      { at: 0, users: [tim, refused] },
      { at: 60, users: [removed('g-1')], contacts: [contact('c-1', ADDRESS)] },
    ],
    expected: { state: 'resolved', resolution: 'held-by-another', anchor: PAIR },
  },
  {
    when: 'the guest becomes somebody whose sign-in name it is: the other detector goes on',
    rounds: [
      { at: 0, users: [tim, refused] },
      {
        at: 60,
        users: [
          {
            ...{
              id: 'g-1',
              userPrincipalName: ADDRESS,
              mail: 'g-1@example.com',
              userType: 'Member',
            },
            ...{
              onPremisesSyncEnabled: true,
              proxyAddresses: [`smtp:${ADDRESS}`, 'SMTP:g-1@example.com'],
            },
          },
        ],
      },
    ],
    expected: { state: 'resolved', resolution: 'reserved' },
  },
  {
    when: 'the conflict comes back after the guest was restored',
    rounds: [
      { at: 0, users: [tim, refused] },
      { at: 60, users: [removed('g-1')] },
      { at: 90, users: [tim] },
    ],
    expected: { state: 'open', summary: expect.not.stringContaining('free since') as string },
  },
  {
    when: 'the address is free as far as the collections were read',
    rounds: [
      { at: 0, users: [tim, refused] },
      { at: 60, users: [removed('g-1', 'deleted')] },
    ],
    read: ['users'],
    expected: {
      state: 'open',
      summary: expect.stringContaining(
        'Whether one of the contacts or groups holds it is not known: they were not read.',
      ) as string,
    },
  },
];

/** Nothing was completely read: whether it lasted so long is still to be seen. */
export const PENDING: DirectoryStory = {
  when: 'no round was complete',
  rounds: [
    { at: 0, users: [tim, wishing], isComplete: false },
    { at: 240, users: [{ id: 's-1', mail: null }], isComplete: false },
  ],
  expected: undefined,
};

export const SILENT: readonly DirectoryStory[] = [
  {
    when: 'the user gets its address within 2 h',
    rounds: [
      { at: 0, users: [tim] },
      { at: 30, users: [wishing] },
      { at: 150, users: [removed('g-1'), { id: 's-1', proxyAddresses: [`SMTP:${ADDRESS}`] }] },
    ],
    until: 600,
    expected: undefined,
  },
  { when: 'a guest is alone', rounds: [{ at: 0, users: [tim] }], until: 600, expected: undefined },
  {
    when: 'the error is resolved',
    rounds: [
      { at: 0, users: [tim] },
      {
        at: 30,
        users: [
          synced('s-1', {
            serviceProvisioningErrors: [taken(ADDRESS, 'x', { isResolved: true })],
          }),
        ],
      },
    ],
    until: 600,
    expected: undefined,
  },
  {
    when: 'one object holds and wants it',
    rounds: [
      {
        at: 0,
        users: [
          synced('s-1', {
            proxyAddresses: [`SMTP:${ADDRESS}`],
            serviceProvisioningErrors: [taken(ADDRESS, 'x')],
          }),
        ],
      },
    ],
    until: 600,
    expected: undefined,
  },
  {
    when: 'a cloud user has the mail address of a guest and no error',
    rounds: [{ at: 0, users: [tim, user('u-1', { mail: ADDRESS })] }],
    until: 600,
    expected: undefined,
  },
  {
    when: 'it is about the initial domain',
    rounds: [
      {
        at: 0,
        users: [
          user('m-1', { proxyAddresses: ['SMTP:a@example.onmicrosoft.com'] }),
          synced('s-1', {
            onPremisesProvisioningErrors: [conflict('SMTP:a@example.onmicrosoft.com')],
          }),
        ],
      },
    ],
    until: 600,
    expected: undefined,
  },
  {
    when: 'the error is of another service, of another category or of another property',
    rounds: [
      {
        at: 0,
        users: [
          tim,
          synced('s-1', {
            serviceProvisioningErrors: [taken(ADDRESS, 'x', { serviceInstance: 'sharepoint/1' })],
            onPremisesProvisioningErrors: [
              conflict(ADDRESS, 'ImmutableId'),
              { ...conflict(ADDRESS), category: 'Other' },
            ],
          }),
        ],
      },
    ],
    until: 600,
    expected: undefined,
  },
  {
    when: 'only the cmdlet failed',
    rounds: [
      {
        at: 0,
        users: [
          tim,
          synced('s-1', {
            mail: 's-1@example.com',
            proxyAddresses: ['SMTP:s-1@example.com'],
            serviceProvisioningErrors: [
              taken(ADDRESS, 'x', {
                errorDetail: `<ErrorCode>ExFEBFF0</ErrorCode><ErrorDescription>Enable-MailUser failed for SMTP:${ADDRESS}.</ErrorDescription>`,
              }),
            ],
          }),
        ],
      },
    ],
    until: 600,
    expected: undefined,
  },
  {
    when: 'the guest is in the bin before the wish comes',
    rounds: [
      { at: 0, users: [tim] },
      { at: 30, users: [removed('g-1')] },
      { at: 60, users: [refused] },
    ],
    until: 600,
    expected: undefined,
  },
  {
    when: 'a member from another tenant has no address of its own and nobody is refused',
    rounds: [
      {
        at: 0,
        users: [guest('g-1', ADDRESS, { userType: 'Member', proxyAddresses: [] })],
        contacts: [contact('c-1', ADDRESS)],
      },
    ],
    until: 600,
    expected: undefined,
  },
  {
    when: 'it is the sign-in name of its holder: that is the other detector',
    rounds: [
      {
        at: 0,
        users: [
          synced('h-1', {
            ...{ userPrincipalName: ADDRESS, mail: 'h-1@example.com' },
            proxyAddresses: ['SMTP:h-1@example.com', `smtp:${ADDRESS}`],
          }),
          refused,
        ],
      },
    ],
    until: 600,
    expected: undefined,
  },
  {
    when: 'two objects hold other kinds of addresses',
    rounds: [
      {
        at: 0,
        users: [
          guest('g-1', ADDRESS, { mail: null, proxyAddresses: [`sip:${ADDRESS}`, 'x500:/o=a'] }),
          refused,
        ],
      },
    ],
    until: 600,
    expected: undefined,
  },
];

export const STORIES: readonly DirectoryStory<unknown>[] = [...RAISES, ...SILENT, PENDING];
