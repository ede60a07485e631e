import { groupSubject } from '../../shared/domain/records/group';
import { audit, at, TICK, type By, type Row, type Said, type Story, type When } from './play';

// Groups as Core Directory logs them. Stories begin at noon; the group is "Sales EU", and its stand-in "Sales EU-MigTmp".

const SYNC: By = { app: 'ConnectSyncProvisioning_SRV01_3ac06f5648e4' };
export const ADMIN: By = { user: 'admin' };

export interface Of {
  readonly id?: string;
  readonly name?: string;
  readonly by?: By;
  readonly mail?: string;
  readonly result?: string;
  /** Raw modified properties instead of those of the name. */
  readonly changes?: readonly (readonly [property: string, before: unknown, after: unknown])[];
}

const text = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));

function row(
  id: string,
  when: When,
  activity: string,
  of: Of & { readonly operation: string },
): Row {
  const { by = ADMIN, operation, changes = [], result = 'success' } = of;
  return audit(id, when, {
    ...{ activity, by, result, service: 'Core Directory' },
    raw: {
      ...{ category: 'GroupManagement', operationType: operation },
      targetResources: [
        {
          ...{ id: of.id ?? 'd1', type: 'Group', groupType: 'azureAD' },
          ...{ displayName: null, userPrincipalName: null },
          modifiedProperties: changes.map(([displayName, before, after]) => ({
            ...{ displayName, oldValue: text(before), newValue: text(after) },
          })),
        },
      ],
      additionalDetails: [],
    },
  });
}

export const added = (id: string, when: When, of: Of = {}): Row =>
  row(id, when, 'Add group', {
    operation: 'Add',
    changes: [
      ['DisplayName', [], [of.name ?? 'Sales EU-MigTmp']],
      ['MailEnabled', [], [true]],
      ...(of.mail === undefined ? [] : ([['Mail', [], [of.mail]]] as const)),
    ],
    ...{ id: 'd2', ...of },
  });
export const deleted = (id: string, when: When, of: Of = {}): Row =>
  row(id, when, 'Delete group', {
    operation: 'Delete',
    changes: [
      ['Group.DisplayName', null, of.name ?? 'Sales EU'],
      ...(of.mail === undefined ? [] : ([['Mail', [of.mail], []]] as const)),
    ],
    ...{ by: SYNC, ...of },
  });
export const renamed = (id: string, when: When, from: string, to: string, of: Of = {}): Row =>
  row(id, when, 'Update group', {
    operation: 'Update',
    changes: [['DisplayName', [from], [to]]],
    ...{ id: 'd2', ...of },
  });
export const restored = (id: string, when: When, of: Of = {}): Row =>
  row(id, when, 'Restore Group', {
    operation: 'Update',
    changes: [['Group.DisplayName', null, of.name ?? 'Sales EU']],
    ...of,
  });
const hardDeleted = (id: string, when: When, of: Of = {}): Row =>
  row(id, when, 'Hard Delete group', {
    operation: 'Delete',
    changes: [['Group.DisplayName', null, of.name ?? 'Sales EU-MigTmp']],
    ...{ id: 'd2', ...of },
  });

/** The person is the first target of such a row, and the group stands with what changed of them. */
export function member(
  id: string,
  when: When,
  of: Of & { readonly isRemoved?: boolean } = {},
): Row {
  const { id: group = 'd2', name = 'Sales EU-MigTmp', by = ADMIN, isRemoved = false } = of;
  const pair = (value: string): readonly [unknown, unknown] =>
    isRemoved ? [value, null] : [null, value];
  const member = audit(id, when, {
    ...{ activity: isRemoved ? 'Remove member from group' : 'Add member to group', by },
    service: 'Core Directory',
    changes: [
      ['Group.ObjectID', ...pair(group)],
      ['Group.DisplayName', ...pair(name)],
      ['Group.WellKnownObjectName', null, null],
    ],
  });
  const targets = member['targetResources'] as readonly Row[];
  return {
    ...member,
    category: 'GroupManagement',
    targetResources: [
      ...targets,
      { id: group, type: 'Group', displayName: null, groupType: 'azureAD', modifiedProperties: [] },
    ],
  };
}

const members = (count: number, from: number, of: Of = {}): Row[] =>
  Array.from({ length: count }, (_, i) => member(`m${i}`, from + i / 10, of));

const HOUR = 60;
const DAY = 24 * HOUR;

/** The stand-in at 11:30 with 40 members, and the original gone at noon. */
const STAND_IN = [added('standIn', -30), ...members(40, -28)];
const GONE = deleted('gone', 0);
export const MIGRATION: readonly Row[] = [...STAND_IN, GONE];
const RETURN = added('back', DAY + HOUR, { id: 'd3', name: 'Sales EU', by: SYNC });
/** Story 3 of the specification: the group is back a day and an hour later. */
export const RETURNED: readonly Row[] = [...MIGRATION, RETURN];

const SALES = groupSubject('Sales EU').id;
export const STUCK = {
  ...{ subject: SALES, anchor: 'gone', state: 'open', message: 'stuck' },
  ...{ severity: 'medium', stage: 'alert' },
} as const;
const GONE_ALONE = { ...STUCK, message: 'gone', severity: 'info', stage: 'watch' } as const;
const ORPHAN = {
  ...{ ...STUCK, anchor: 'stand-in standIn', message: 'orphan' },
  ...{ severity: 'low', stage: 'watch' },
} as const;
const LATER = { until: 3 * DAY } as const;

/** Thirty groups within ten minutes. */
const MANY = Array.from({ length: 30 }, (_, i) =>
  deleted(`gone${i}`, i / 3, { id: `g${i}`, name: `Team ${i}` }),
);
const returnsOf = (count: number, when: number): Row[] =>
  MANY.slice(0, count).map((_, i) =>
    added(`back${i}`, when, { id: `n${i}`, name: `Team ${i}`, by: SYNC }),
  );

// ------------------------------------------------------------------------------------------------------------ raises

export const RAISES: readonly Story<Partial<Said>>[] = [
  // The table of the specification comes first.
  {
    when: '1: the stand-in is filled, the original is deleted, and nothing follows for 24 hours',
    story: MIGRATION,
    until: DAY,
    expected: {
      ...STUCK,
      since: at(DAY),
      firstSeenAt: at(0),
      evidence: ['standIn', 'gone'],
      facts: {
        deletedBy: 'ConnectSyncProvisioning_SRV01_3ac06f5648e4',
        ...{ standIn: 'Sales EU-MigTmp', createdBy: 'admin@example.com', createdAt: at(-30) },
        ...{ members: 40, notBackBy: at(DAY) },
      },
    },
  },
  {
    when: '3: it is added again under a new id after 25 hours',
    story: RETURNED,
    until: DAY + 2 * HOUR,
    expected: {
      ...{ ...STUCK, state: 'resolved', resolution: 'returned' },
      evidence: ['standIn', 'gone', 'back'],
    },
  },
  {
    when: '4: one group is deleted by synchronisation and has no stand-in',
    story: [GONE],
    ...LATER,
    expected: { ...GONE_ALONE, evidence: ['gone'] },
  },
  {
    when: '6: the stand-in is made, the original never deleted, and nothing changes for 24 hours',
    story: STAND_IN,
    ...LATER,
    expected: { ...ORPHAN, evidence: ['standIn'], firstSeenAt: at(-30) },
  },
  // Further ones.
  ...(
    [
      ['is a prefix', 'Migrated Sales EU'],
      ['is two words', 'Sales EU (copy, cloud)'],
      ['is set off by a sign', 'sales.eu.new'],
    ] as const
  ).map(([when, name]) => ({
    when: `what the stand-in is called more ${when}`,
    story: [added('standIn', -30, { name }), member('m', -20, { name }), GONE],
    ...LATER,
    expected: STUCK,
  })),
  ...(
    [
      ['4 hours after the deletion', 4 * HOUR],
      ['24 hours before it', -DAY],
    ] as const
  ).map(([when, minute]) => ({
    when: `the stand-in is made ${when}`,
    story: [added('standIn', minute), member('m', 5 * HOUR), GONE],
    ...LATER,
    expected: STUCK,
  })),
  ...(
    [
      ['a user account of Entra Connect', 'Sync_SRV01_3ac06f@contoso.onmicrosoft.com'],
      ['the service account by name', 'On-Premises Directory Synchronization Service Account'],
    ] as const
  ).map(([when, userPrincipalName]) => ({
    when: `it was deleted by ${when}`,
    story: [
      ...STAND_IN,
      { ...GONE, initiatedBy: { app: null, user: { id: 'sync', userPrincipalName } } },
    ],
    ...LATER,
    expected: STUCK,
  })),
  {
    when: 'it was deleted by a principal that is set',
    story: [...STAND_IN, deleted('gone', 0, { by: { app: 'Cloud sync agent' } })],
    ...{ settings: { 'sync-actors': 'Other, cloud*agent' }, ...LATER },
    expected: STUCK,
  },
  {
    when: 'the name is short and the stand-in is called as the pattern says',
    story: [
      added('standIn', -30, { name: 'HR-MigTmp' }),
      member('m', -20, { name: 'HR-MigTmp' }),
      deleted('gone', 0, { name: 'HR' }),
    ],
    ...LATER,
    expected: { ...STUCK, subject: groupSubject('HR').id },
  },
  {
    when: 'only its address is known',
    story: [
      added('standIn', -30, { mail: 'sales.eu-migtmp@example.com', name: 'Temporary' }),
      member('m', -20, { name: 'sales.eu-migtmp@example.com' }),
      deleted('gone', 0, { changes: [['Mail', ['sales.eu@example.com'], []]] }),
    ],
    ...LATER,
    expected: {
      ...{ ...STUCK, facts: expect.objectContaining({ mail: 'sales.eu@example.com' }) as never },
    },
  },
  {
    when: 'it returns and is deleted again within the day by an administrator',
    story: [
      ...MIGRATION,
      added('back', HOUR, { id: 'd3', name: 'Sales EU', by: SYNC }),
      deleted('again', 2 * HOUR, { id: 'd3', by: ADMIN }),
    ],
    ...LATER,
    expected: STUCK,
  },
  {
    when: 'the return comes exactly at the end of the grace: too late to be silence',
    story: [...MIGRATION, added('back', DAY, { id: 'd3', name: 'Sales EU', by: SYNC })],
    until: DAY + HOUR,
    expected: { ...STUCK, state: 'resolved', resolution: 'returned' },
  },
  {
    when: 'another group takes its name',
    story: [...MIGRATION, added('other', HOUR, { id: 'd3', name: 'Sales US', by: SYNC })],
    ...LATER,
    expected: STUCK,
  },
  {
    when: 'the stand-in is removed within the day: then nothing stands in for it',
    story: [
      ...MIGRATION,
      deleted('removed', HOUR, { id: 'd2', name: 'Sales EU-MigTmp', by: ADMIN }),
    ],
    ...LATER,
    expected: GONE_ALONE,
  },
  {
    when: 'nobody is in the stand-in',
    story: [added('standIn', -30, { name: 'Sales EU New' }), GONE],
    ...LATER,
    expected: GONE_ALONE,
  },
  {
    when: 'what is called alike was made by synchronisation too',
    story: [
      added('other', -30, { name: 'Sales EU North', by: SYNC }),
      member('m', -20, { name: 'Sales EU North', by: SYNC }),
      GONE,
    ],
    ...LATER,
    expected: GONE_ALONE,
  },
  ...(
    [
      ['too early', -DAY - TICK],
      ['too late', 4 * HOUR + TICK],
    ] as const
  ).map(([when, minute]) => ({
    when: `what is called alike was made ${when}`,
    story: [
      added('other', minute, { name: 'Sales EU New' }),
      member('m', 5 * HOUR, { name: 'Sales EU New' }),
      GONE,
    ],
    ...LATER,
    expected: GONE_ALONE,
  })),
  {
    when: 'what is called alike has a short name in common',
    story: [
      added('other', -30, { name: 'HR Club' }),
      member('m', -20, { name: 'HR Club' }),
      deleted('gone', 0, { name: 'HR' }),
    ],
    ...LATER,
    expected: { ...GONE_ALONE, subject: groupSubject('HR').id },
  },
];

/** What comes to more than one subject is told apart by it. */
export const MANY_GONE: Story = {
  when: '5: synchronisation deletes 30 groups in 10 minutes',
  story: MANY,
  ...LATER,
  expected: undefined,
};
export const NEARLY_BACK: Story = {
  when: 'all but six of many are back within the day',
  story: [...MANY, ...returnsOf(24, 3 * HOUR)],
  ...LATER,
  expected: undefined,
};

// ------------------------------------------------------------------------------------------------------ stays silent

export const SILENT: readonly Story[] = (
  [
    [
      '2: the stand-in takes the name after 20 minutes',
      [...MIGRATION, renamed('taken', 20, 'Sales EU-MigTmp', 'Sales EU')],
    ],
    [
      '7: the stand-in is deleted after 2 hours',
      [...STAND_IN, deleted('removed', 90, { id: 'd2', name: 'Sales EU-MigTmp', by: ADMIN })],
    ],
    [
      '8: a Microsoft 365 group is deleted by its owner, and restored after 3 days',
      [deleted('gone', 0, { by: { user: 'owner' } }), restored('back', 3 * DAY)],
    ],
    [
      '11: the original was deleted by an administrator',
      [deleted('gone', 0, { by: ADMIN }), added('standIn', -30, { name: 'Sales EU New' })],
    ],
    [
      'it is back under a new id just before the grace is over',
      [...MIGRATION.slice(-1), added('back', DAY - TICK, { id: 'd3', name: 'sales-eu', by: SYNC })],
    ],
    ['it is restored the same day', [GONE, restored('back', 2 * HOUR)]],
    [
      'a new group of its name was made before it went',
      [added('new', -HOUR, { id: 'd3', name: 'Sales EU' }), GONE],
    ],
    [
      'its address is given to another group',
      [
        GONE,
        renamed('given', HOUR, 'x', 'x', {
          id: 'd5',
          changes: [
            [
              'ProxyAddresses',
              ['SMTP:x@example.com'],
              ['SMTP:x@example.com', 'smtp:sales.eu@example.com', 'x500:/o=a'],
            ],
          ],
        }),
      ],
    ],
    [
      'synchronisation renames a group',
      [renamed('named', 0, 'Sales EU', 'Sales Europe', { id: 'd1', by: SYNC })],
    ],
    [
      'only members change',
      [
        member('in', 0, { id: 'd1', name: 'Sales EU Team', by: SYNC }),
        member('out', 5, { id: 'd1', name: 'Sales EU Team', by: SYNC, isRemoved: true }),
      ],
    ],
    [
      'a group is made and deleted within the hour by one administrator',
      [
        added('made', 0, { id: 'd4', name: 'Test of mine' }),
        member('m', 5, { id: 'd4', name: 'Test of mine' }),
        deleted('unmade', 40, { id: 'd4', name: 'Test of mine', by: ADMIN }),
      ],
    ],
    [
      'a team is torn down',
      [
        deleted('gone', 0, { by: { app: 'Microsoft Teams Services' } }),
        hardDeleted('purged', 30 * DAY, { id: 'd1', name: 'Sales EU' }),
      ],
    ],
    ['the deletion failed', [...STAND_IN.slice(0, 1), deleted('gone', 0, { result: 'failure' })]],
    [
      'a group with a longer name is made and filled beside another',
      [
        added('made', 0, { name: 'Sales EU Leads' }),
        member('m', 5, { name: 'Sales EU Leads' }),
        member('other', 6, { id: 'd1', name: 'Sales EU', by: SYNC }),
      ],
    ],
    ['the stand-in is empty', [added('standIn', 0)]],
    ['the stand-in is purged', [...STAND_IN, hardDeleted('removed', HOUR)]],
    [
      'the stand-in is named for good, and was never needed',
      [...STAND_IN, renamed('named', HOUR, 'Sales EU-MigTmp', 'Sales cloud')],
    ],
    [
      'rows name no group',
      [
        deleted('gone', 0, { changes: [] }),
        added('made', 0, { changes: [['DisplayName', null, null]] }),
      ],
    ],
  ] as const
).map(([when, story]) => ({ when, story, ...LATER, expected: undefined }));

// ---------------------------------------------------------------------------------------------------------- resolves

export const RESOLVES: readonly Story<Partial<Said>>[] = [
  {
    when: 'the stand-in takes the name after two days',
    story: [...MIGRATION, renamed('taken', 2 * DAY, 'Sales EU-MigTmp', 'Sales EU')],
    ...LATER,
    expected: { ...STUCK, state: 'resolved', resolution: 'renamed' },
  },
  {
    when: 'the group is restored after two days',
    story: [...MIGRATION, restored('back', 2 * DAY)],
    until: 2 * DAY + HOUR,
    expected: { ...STUCK, state: 'resolved', resolution: 'restored' },
  },
  {
    when: 'the stand-in is deleted after two days',
    story: [
      ...MIGRATION,
      deleted('removed', 2 * DAY, { id: 'd2', name: 'Sales EU-MigTmp', by: ADMIN }),
    ],
    ...LATER,
    expected: { ...STUCK, state: 'resolved', resolution: 'removed' },
  },
  {
    when: 'it is back, and the stand-in is deleted after that',
    story: [
      ...RETURNED,
      deleted('removed', 30 * HOUR, { id: 'd2', name: 'Sales EU-MigTmp', by: ADMIN }),
    ],
    ...LATER,
    expected: { ...STUCK, state: 'resolved', resolution: 'returned' },
  },
  {
    when: 'a group without a stand-in is back after two days',
    story: [GONE, added('back', 2 * DAY, { id: 'd3', name: 'Sales EU', by: SYNC })],
    ...LATER,
    expected: { ...GONE_ALONE, state: 'resolved', resolution: 'returned' },
  },
  ...(
    [
      [
        'deleted',
        'removed',
        deleted('end', 2 * DAY, { id: 'd2', name: 'Sales EU-MigTmp', by: ADMIN }),
      ],
      ['renamed', 'renamed', renamed('end', 2 * DAY, 'Sales EU-MigTmp', 'Sales cloud')],
    ] as const
  ).map(([what, resolution, row]) => ({
    when: `the stand-in that was left is ${what}`,
    story: [...STAND_IN, row],
    ...LATER,
    expected: { ...ORPHAN, state: 'resolved', resolution, evidence: ['standIn', 'end'] },
  })),
];

// ------------------------------------------------------------------------------------------------------------- waits

export const WAITS: readonly Story<When>[] = [
  { when: 'the grace is not over', story: MIGRATION, until: DAY - TICK, expected: DAY },
  {
    when: 'members of the stand-in change',
    story: [...STAND_IN, member('last', 100), member('out', 120, { isRemoved: true })],
    until: DAY,
    expected: 120 + DAY,
  },
];

export const CANNOT_SAY: readonly Story[] = [
  {
    when: '9: the night after the deletion was not read',
    story: MIGRATION,
    ...{ gaps: [[10 * HOUR, 18 * HOUR]], ...LATER },
    expected: undefined,
  },
  {
    when: 'the log begins an hour before the stand-in was made: the original may have been deleted then',
    story: STAND_IN,
    ...{ from: -90, ...LATER },
    expected: undefined,
  },
  {
    when: 'the log begins an hour before the deletion: another group may have been given the name then',
    story: [GONE],
    ...{ from: -HOUR, ...LATER },
    expected: undefined,
  },
];

export const STORIES: readonly Story<unknown>[] = [
  ...RAISES,
  MANY_GONE,
  NEARLY_BACK,
  ...SILENT,
  ...RESOLVES,
  ...WAITS,
  ...CANNOT_SAY,
];
