import {
  audit,
  byUser,
  modified,
  userTarget,
  type DemoRow,
  type Initiator,
  type ModifiedProperty,
} from '../../../cli/demo-tenant/rows';
import { DAY, HOUR, MINUTE, SECOND, type Duration } from '../../../shared/domain/time';
import type { Scene, Tale } from '../scene';

const DETECTOR = 'group-migration-leftover';

const SYNC: Initiator = {
  app: {
    appId: null,
    displayName: 'ConnectSyncProvisioning_SRV01_3ac06f5648e4',
    servicePrincipalId: 'c0ffee00-1b35-45ad-a30a-11c0eb96fa8f',
    servicePrincipalName: null,
  },
  user: null,
};

interface Group {
  readonly id: string;
  readonly name: string;
}

/** Names are drawn so that no two stories are about the same group. */
function group(scene: Scene): Group {
  const team = scene.random.pick(['Sales', 'Finance', 'Support', 'Research', 'Logistics']);
  return {
    id: scene.random.guid(),
    name: `${team} ${scene.random.text(6, 'ABCDEFGHJKLMNPRSTUVWXYZ')}`,
  };
}

function standInFor(scene: Scene, { name }: Group): Group {
  return { id: scene.random.guid(), name: `${name}-MigTmp` };
}

type Step = 'Add group' | 'Update group' | 'Delete group' | 'Restore Group';
const OPERATIONS: Readonly<Record<Step, string>> = {
  'Add group': 'Add',
  'Update group': 'Update',
  'Delete group': 'Delete',
  'Restore Group': 'Update',
};

function groupRow(
  scene: Scene,
  at: Duration,
  activity: Step,
  { id, name }: Group,
  by: Initiator = byUser(scene.admin),
  properties: readonly ModifiedProperty[] = [modified('Group.DisplayName', null, name)],
): DemoRow {
  const target = { id, type: 'Group', groupType: 'azureAD', displayName: null };
  return audit(scene.stamp(at), {
    ...{ activity, by, category: 'GroupManagement', operation: OPERATIONS[activity] },
    targets: [{ ...target, userPrincipalName: null, modifiedProperties: properties }],
  });
}

function added(scene: Scene, at: Duration, of: Group, by?: Initiator): DemoRow {
  const properties = [modified('DisplayName', [], [of.name]), modified('MailEnabled', [], [true])];
  return groupRow(scene, at, 'Add group', of, by, properties);
}

function renamed(scene: Scene, at: Duration, of: Group, name: string, by?: Initiator): DemoRow {
  const change = modified('DisplayName', [of.name], [name]);
  return groupRow(scene, at, 'Update group', of, by, [change]);
}

function member(scene: Scene, at: Duration, { id, name }: Group): DemoRow {
  const properties = [
    modified('Group.ObjectID', null, id),
    modified('Group.DisplayName', null, name),
  ];
  return audit(scene.stamp(at), {
    ...{ activity: 'Add member to group', by: byUser(scene.admin) },
    ...{ category: 'GroupManagement', operation: 'Assign' },
    targets: [
      userTarget(scene.person, properties),
      {
        ...{ id, type: 'Group', groupType: 'azureAD', displayName: null },
        ...{ userPrincipalName: null, modifiedProperties: [] },
      },
    ],
  });
}

/** A stand-in with members, half an hour before. */
function standIn(scene: Scene, original: Group): Group {
  const other = standInFor(scene, original);
  scene.tell(added(scene, -30 * MINUTE, other));
  for (let i = 0; i < 8; i++) {
    scene.tell(member(scene, -28 * MINUTE + i * SECOND, other));
  }
  return other;
}

/** What is left of a migration of groups, and what looks like it. */
export const GROUP_TALES = {
  'group-stuck': {
    who: 'member',
    tell(scene) {
      const original = group(scene);
      standIn(scene, original);
      scene.tell(groupRow(scene, 0, 'Delete group', original, SYNC));
      scene.expect(DETECTOR, { subject: original.name, from: -HOUR, to: 2 * DAY, event: 0 });
    },
  },
  'group-back-next-day': {
    who: 'member',
    tell(scene) {
      const original = group(scene);
      standIn(scene, original);
      const again = { id: scene.random.guid(), name: original.name };
      scene.tell(
        groupRow(scene, 0, 'Delete group', original, SYNC),
        added(scene, 30 * HOUR, again, SYNC),
      );
      scene.expect(DETECTOR, { subject: original.name, from: -HOUR, to: 2 * DAY, event: 0 });
    },
  },
  'group-gone': {
    who: 'member',
    tell(scene) {
      const original = group(scene);
      scene.tell(groupRow(scene, 0, 'Delete group', original, SYNC));
      scene.expect(DETECTOR, { subject: original.name, to: 2 * DAY, due: 'record' });
    },
  },

  'group-renamed-in-time': {
    who: 'member',
    tell(scene) {
      const original = group(scene);
      const other = standIn(scene, original);
      scene.tell(
        groupRow(scene, 0, 'Delete group', original, SYNC),
        renamed(scene, 20 * MINUTE, other, original.name),
      );
    },
  },
  'group-stand-in-deleted': {
    who: 'member',
    tell(scene) {
      const other = standIn(scene, group(scene));
      scene.tell(groupRow(scene, 2 * HOUR, 'Delete group', other));
    },
  },
  'group-deleted-and-restored': {
    who: 'member',
    tell(scene) {
      const original = group(scene);
      scene.tell(
        groupRow(scene, 0, 'Delete group', original),
        groupRow(scene, 3 * DAY, 'Restore Group', original),
      );
    },
  },
  'group-deleted-by-an-admin': {
    who: 'member',
    tell(scene) {
      scene.tell(groupRow(scene, 0, 'Delete group', group(scene)));
    },
  },
  'group-tried-out': {
    who: 'member',
    tell(scene) {
      const tried = group(scene);
      scene.tell(
        added(scene, 0, tried),
        member(scene, MINUTE, tried),
        groupRow(scene, 30 * MINUTE, 'Delete group', tried),
      );
    },
  },
  'group-renamed-by-sync': {
    who: 'member',
    tell(scene) {
      const original = group(scene);
      scene.tell(renamed(scene, 0, original, `${original.name} North`, SYNC));
    },
  },
  'group-created-with-members': {
    who: 'member',
    tell(scene) {
      const fresh = group(scene);
      scene.tell(added(scene, 0, fresh));
      for (let i = 0; i < 8; i++) {
        scene.tell(member(scene, MINUTE + i * SECOND, fresh));
      }
    },
  },
} as const satisfies Record<string, Tale>;
