import { at, type Said } from './play';
import { conflict, contact, removed, synced, taken, user, type DirectoryStory } from './rounds';

export const RESERVED = 'upntest@example.net';
const HOUR = 60;
const DAY = 24 * HOUR;

const holder = synced('h-1', {
  ...{ userPrincipalName: RESERVED, mail: 'upntest@example.com' },
  proxyAddresses: [
    ...['SMTP:upntest@example.com', 'smtp:UPNtest@example.net'],
    'smtp:upntest@example.onmicrosoft.com',
  ],
});
const refused = synced('w-1', { onPremisesProvisioningErrors: [conflict(`SMTP:${RESERVED}`)] });
const wishing = synced('w-1', { mail: RESERVED, proxyAddresses: ['SMTP:w-1@example.com'] });
const cleared = { id: 'w-1', onPremisesProvisioningErrors: [] };
const disabled = { id: 'h-1', accountEnabled: false };
const PAIR = 'h-1|w-1';

export const RAISES: readonly DirectoryStory<Partial<Said>>[] = [
  {
    when: 'another one is refused the sign-in name of a recipient',
    rounds: [{ at: 0, users: [holder, refused] }],
    expected: {
      state: 'open',
      message: 'wanted',
      severity: 'medium',
      stage: 'alert',
      anchor: PAIR,
    },
  },
  {
    when: 'Exchange refuses it to a contact',
    rounds: [
      {
        at: 0,
        users: [holder],
        contacts: [
          contact('c-1', 'c-1@example.com', {
            serviceProvisioningErrors: [taken(RESERVED, 'h-1')],
          }),
        ],
      },
    ],
    expected: { state: 'open', message: 'wanted', anchor: 'h-1|c-1' },
  },
  {
    when: 'Exchange refuses it to a group',
    rounds: [
      {
        at: 0,
        users: [holder],
        groups: [
          { id: 'gr-1', displayName: 'All', serviceProvisioningErrors: [taken(RESERVED, 'h-1')] },
        ],
      },
    ],
    expected: { state: 'open', message: 'wanted', anchor: 'h-1|gr-1' },
  },
  {
    when: 'somebody is without it as mail address for 4 h',
    rounds: [{ at: 0, users: [holder, wishing] }],
    until: 4 * HOUR,
    expected: { state: 'open', message: 'wanted', since: at(3 * HOUR), anchor: PAIR },
  },
  {
    when: 'the sign-in name changes and the error goes',
    rounds: [
      { at: 0, users: [holder, refused] },
      {
        at: 60,
        users: [
          {
            id: 'h-1',
            userPrincipalName: 'other@example.net',
            proxyAddresses: ['SMTP:upntest@example.com'],
          },
          cleared,
        ],
      },
    ],
    expected: { state: 'resolved', resolution: 'renamed', anchor: PAIR },
  },
  {
    when: 'the sign-in name changes, and its holder keeps the address as any other',
    rounds: [
      { at: 0, users: [holder, refused] },
      { at: 60, users: [{ id: 'h-1', userPrincipalName: 'other@example.net' }] },
    ],
    expected: { state: 'resolved', resolution: 'renamed' },
  },
  {
    when: 'the holder is removed and the error stays: free, not retried',
    rounds: [
      { at: 0, users: [holder, refused] },
      { at: 60, users: [removed('h-1', 'deleted')] },
    ],
    expected: {
      ...{ state: 'open', message: 'wanted', anchor: PAIR },
      summary: expect.stringContaining(
        'The address is free since 2026-03-02 13:00 UTC; provisioning has not been retried.',
      ) as string,
    },
  },
  {
    when: 'the holder is removed, and then the error goes',
    rounds: [
      { at: 0, users: [holder, refused] },
      { at: 60, users: [removed('h-1', 'deleted')] },
      { at: 90, users: [cleared] },
    ],
    expected: { state: 'resolved', resolution: 'freed' },
  },
  {
    when: 'the one that wants it is content with another',
    rounds: [
      { at: 0, users: [holder, refused] },
      { at: 60, users: [cleared] },
    ],
    expected: { state: 'resolved', resolution: 'not-wanted' },
  },
  {
    when: 'it becomes the main address of its holder: the other detector goes on',
    rounds: [
      { at: 0, users: [holder, refused] },
      { at: 60, users: [{ id: 'h-1', mail: RESERVED, proxyAddresses: [`SMTP:${RESERVED}`] }] },
    ],
    expected: { state: 'resolved', resolution: 'not-reserved' },
  },
  {
    when: 'the one that wants it is removed',
    rounds: [
      { at: 0, users: [holder, refused] },
      { at: 60, users: [removed('w-1')] },
    ],
    expected: { state: 'resolved', resolution: 'wanter-gone' },
  },
  {
    when: 'the holder is disabled and nobody wants it',
    rounds: [
      { at: 0, users: [holder] },
      { at: 60, users: [disabled] },
    ],
    until: 2 * DAY,
    expected: {
      ...{ state: 'open', message: 'about-to', severity: 'info', stage: 'watch' },
      ...{ anchor: 'h-1|upn', since: at(60) },
    },
  },
  {
    when: 'the holder is disabled when it is first seen',
    rounds: [{ at: 0, users: [{ ...holder, accountEnabled: false }] }],
    expected: { state: 'open', message: 'about-to' },
  },
  {
    when: 'the holder goes by another address, and the old one looks free',
    rounds: [
      { at: 0, users: [{ ...holder, mail: RESERVED, proxyAddresses: [`SMTP:${RESERVED}`] }] },
      {
        at: 60,
        users: [{ id: 'h-1', mail: holder['mail'], proxyAddresses: holder['proxyAddresses'] }],
      },
    ],
    expected: {
      ...{ state: 'open', message: 'about-to', anchor: 'h-1|upn' },
      summary: expect.stringContaining('goes by upntest@example.com since') as string,
    },
  },
  {
    when: 'a disabled holder goes by another address too: the later of the two counts',
    rounds: [
      { at: 0, users: [{ ...holder, mail: RESERVED, proxyAddresses: [`SMTP:${RESERVED}`] }] },
      { at: 60, users: [disabled] },
      {
        at: 90,
        users: [{ id: 'h-1', mail: holder['mail'], proxyAddresses: holder['proxyAddresses'] }],
      },
    ],
    expected: { state: 'open', message: 'about-to', since: at(90) },
  },
  {
    when: 'the holder is enabled again',
    rounds: [
      { at: 0, users: [holder] },
      { at: 60, users: [disabled] },
      { at: 90, users: [{ id: 'h-1', accountEnabled: true }] },
    ],
    expected: { state: 'resolved', message: 'about-to', resolution: 'stays' },
  },
  {
    when: 'the disabled holder gets another sign-in name',
    rounds: [
      { at: 0, users: [holder] },
      { at: 60, users: [disabled] },
      { at: 90, users: [{ id: 'h-1', userPrincipalName: 'other@example.net' }] },
    ],
    expected: { state: 'resolved', message: 'about-to', resolution: 'renamed' },
  },
  {
    when: 'the disabled holder is removed',
    rounds: [
      { at: 0, users: [holder] },
      { at: 60, users: [disabled] },
      { at: 90, users: [removed('h-1')] },
    ],
    expected: { state: 'resolved', message: 'about-to', resolution: 'freed' },
  },
  {
    when: 'somebody wants the address of the disabled holder: that is told instead',
    rounds: [
      { at: 0, users: [holder] },
      { at: 60, users: [disabled] },
      { at: 90, users: [refused] },
    ],
    expected: { state: 'resolved', message: 'about-to', resolution: 'wanted' },
  },
  {
    when: 'a month has passed',
    rounds: [
      { at: 0, users: [holder] },
      { at: 60, users: [disabled] },
    ],
    until: 31 * DAY,
    expected: { state: 'resolved', message: 'about-to', resolution: 'lapsed' },
  },
];

export const PENDING: DirectoryStory = {
  when: 'somebody is without it as mail address for 1 h',
  rounds: [{ at: 0, users: [holder, wishing] }],
  until: HOUR,
  expected: undefined,
};

export const SILENT: readonly DirectoryStory[] = [
  {
    when: 'nobody else wants it',
    rounds: [{ at: 0, users: [holder, user('u-1')] }],
    until: 600,
    expected: undefined,
  },
  {
    when: 'the sign-in name is the mail address',
    rounds: [
      {
        at: 0,
        users: [
          synced('h-1', {
            userPrincipalName: RESERVED,
            mail: RESERVED,
            proxyAddresses: [`SMTP:${RESERVED}`],
          }),
          refused,
        ],
      },
    ],
    until: 600,
    expected: undefined,
  },
  {
    when: 'the sign-in name is of the initial domain',
    rounds: [
      {
        at: 0,
        users: [
          synced('h-1', {
            ...{ userPrincipalName: 'h@example.onmicrosoft.com', mail: 'h@example.com' },
            proxyAddresses: ['SMTP:h@example.com', 'smtp:h@example.onmicrosoft.com'],
            accountEnabled: false,
          }),
        ],
      },
    ],
    until: 600,
    expected: undefined,
  },
  {
    when: 'a shared mailbox in the cloud has the mail address and no error',
    rounds: [{ at: 0, users: [holder, user('shared', { mail: RESERVED })] }],
    until: 600,
    expected: undefined,
  },
  {
    when: 'the one that wants it wants its own sign-in name',
    rounds: [
      {
        at: 0,
        users: [
          synced('w-1', {
            ...{ userPrincipalName: RESERVED, mail: 'w-1@example.com' },
            proxyAddresses: ['SMTP:w-1@example.com', `smtp:${RESERVED}`],
            onPremisesProvisioningErrors: [conflict(RESERVED, 'UserPrincipalName')],
          }),
        ],
      },
    ],
    until: 600,
    expected: undefined,
  },
  {
    when: 'a disabled account is no recipient, or has no mail address',
    rounds: [
      {
        at: 0,
        users: [
          synced('a-1', { userPrincipalName: RESERVED, accountEnabled: false }),
          synced('a-2', {
            ...{ userPrincipalName: 'a-2@example.net', proxyAddresses: ['smtp:a-2@example.net'] },
            accountEnabled: false,
          }),
        ],
      },
    ],
    until: 600,
    expected: undefined,
  },
];

export const STORIES: readonly DirectoryStory<unknown>[] = [...RAISES, ...SILENT, PENDING];
