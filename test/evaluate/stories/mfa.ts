import { createPhone, type Phone } from '../../../cli/demo-tenant/people';
import {
  addedToRole,
  passIssued,
  phonesRewritten,
  POLICIES,
  securityInfo,
  signIn,
  type DemoRow,
  type ListedPhone,
} from '../../../cli/demo-tenant/rows';
import { DAY, HOUR, MINUTE, plus, SECOND, type Duration } from '../../../shared/domain/time';
import { accountRow, codesOnly, methodsChanged, pimRole, securityInfoRow } from '../rows';
import type { Scene, Tale } from '../scene';

const DETECTOR = 'mfa-registration-unfinished';
const REGISTERED = 'User registered security info';
const ALL = 'User registered all required security info';
/** As StrongAuthenticationMethod numbers them. */
const [SMS, PUSH, CODES] = [5, 6, 7];

function listed(
  scene: Scene,
  before: readonly ListedPhone[],
  after: readonly ListedPhone[],
  at: Duration = 0,
): DemoRow {
  return phonesRewritten(scene.stamp(at), scene.person, before, after);
}

/** The code is scanned: the phone stands on the account. */
function scan(scene: Scene, at: Duration = 0, phone: ListedPhone = createPhone(scene.random)) {
  scene.tell(listed(scene, [], [phone], at));
  return phone;
}

/** The two rows of a verification. */
function verify(scene: Scene, at: Duration = 13 * SECOND): void {
  scene.tell(
    methodsChanged(scene.stamp(at), scene.person, [], [PUSH, CODES]),
    securityInfo(scene.stamp(at), scene.person, 'registered'),
  );
}

function interrupted(scene: Scene, errorCode: number, at: Duration): DemoRow {
  return signIn(scene.stamp(at), scene.person, {
    ...{ clientApp: 'Browser', errorCode, failureReason: 'Strong Authentication is required.' },
    conditionalAccess: errorCode === 53004 ? 'failure' : 'notApplied',
    policies: [[POLICIES.requireMfa, errorCode === 53004 ? 'failure' : 'notApplied']],
  });
}

/** A row of security info by the person, in the words of today's log. */
function info(scene: Scene, at: Duration, activity: string, reason = ''): void {
  scene.tell(securityInfoRow(scene.stamp(at), scene.person, activity, { reason }));
}

function adminDeletes(scene: Scene, at: Duration): void {
  scene.tell(
    securityInfoRow(scene.stamp(at), scene.person, 'Admin deleted security info', {
      reason: 'Admin deleted Authenticator App with Notification and Code method for user',
      by: scene.admin,
    }),
  );
}

function account(scene: Scene, at: Duration, activity: string): void {
  scene.tell(accountRow(scene.stamp(at), scene.person, scene.admin, activity));
}

/** Registrations of every outcome. */
export const MFA_TALES = {
  unfinished: {
    who: 'unregistered',
    tell(scene) {
      scan(scene);
      scene.expect(DETECTOR);
    },
  },
  'unfinished-from-the-beginning': {
    who: 'unregistered',
    tell(scene) {
      scene.tell(interrupted(scene, 50072, -30 * SECOND));
      scan(scene);
      scene.tell(securityInfo(scene.stamp(7 * SECOND), scene.person, 'started'));
      scene.expect(DETECTOR);
    },
  },
  'unfinished-and-asked-again': {
    who: 'unregistered',
    tell(scene) {
      scan(scene);
      scene.tell(interrupted(scene, 50072, DAY), interrupted(scene, 50079, 2 * DAY));
      scene.expect(DETECTOR);
    },
  },
  'unfinished-and-blocked': {
    who: 'unregistered',
    tell(scene) {
      scan(scene);
      scene.tell(interrupted(scene, 53004, 5 * MINUTE));
      scene.expect(DETECTOR);
    },
  },
  'unfinished-admin': {
    who: 'unregistered',
    tell(scene) {
      const { person, admin } = scene;
      scan(scene);
      scene.tell(addedToRole(scene.stamp(-2 * HOUR), person, admin, 'Exchange Administrator'));
      scene.expect(DETECTOR);
    },
  },
  'unfinished-after-pass': {
    who: 'unregistered',
    tell(scene) {
      scene.tell(passIssued(scene.stamp(-10 * MINUTE), scene.person, scene.admin));
      scan(scene);
      scene.expect(DETECTOR);
      // Of what was begun with the pass the card above tells.
      scene.expect('bootstrap-not-finished', { from: -10 * MINUTE, to: 2 * DAY, due: 'may' });
    },
  },
  'unfinished-with-codes-only': {
    who: 'unregistered',
    tell(scene) {
      scan(scene, 0, codesOnly(scene.random));
      scene.expect(DETECTOR);
    },
  },
  'unfinished-second-phone': {
    who: 'registered',
    tell(scene) {
      const fresh = createPhone(scene.random);
      const known = scene.person.phone ?? createPhone(scene.random);
      scene.tell(listed(scene, [known], [known, fresh]));
      scene.expect(DETECTOR);
    },
  },
  'unfinished-old-phone-removed': {
    who: 'registered',
    tell(scene) {
      const fresh = createPhone(scene.random);
      const known = scene.person.phone ?? createPhone(scene.random);
      scene.tell(
        listed(scene, [known], [known, fresh]),
        securityInfo(scene.stamp(10 * MINUTE), scene.person, 'deleted'),
        listed(scene, [known, fresh], [fresh], 10 * MINUTE + SECOND),
      );
      scene.expect(DETECTOR);
    },
  },
  'unfinished-old-phone-removed-by-help-desk': {
    who: 'registered',
    tell(scene) {
      const fresh = createPhone(scene.random);
      const known = scene.person.phone ?? createPhone(scene.random);
      scene.tell(listed(scene, [known], [known, fresh]));
      adminDeletes(scene, 40 * MINUTE);
      scene.tell(listed(scene, [known, fresh], [fresh], 40 * MINUTE + SECOND));
      scene.expect(DETECTOR);
    },
  },
  'unfinished-sms-instead': {
    who: 'unregistered',
    tell(scene) {
      scan(scene);
      info(scene, 3 * MINUTE, REGISTERED, 'User registered Mobile Phone SMS');
      scene.tell(methodsChanged(scene.stamp(3 * MINUTE), scene.person, [], [SMS]));
      info(scene, 3 * MINUTE + 5 * SECOND, ALL, 'User registered all required security info.');
      scene.expect(DETECTOR);
    },
  },
  'unfinished-with-security-key': {
    who: 'unregistered',
    tell(scene) {
      scan(scene);
      scene.tell(securityInfo(scene.stamp(4 * MINUTE), scene.person, 'registeredKey'));
      scene.expect(DETECTOR);
    },
  },
  'cancelled-and-listed': {
    who: 'unregistered',
    tell(scene) {
      scan(scene);
      scene.tell(securityInfo(scene.stamp(MINUTE), scene.person, 'cancelled'));
      scene.expect(DETECTOR);
    },
  },
  'completed-a-day-later': {
    who: 'unregistered',
    tell(scene) {
      scan(scene);
      verify(scene, DAY + 2 * HOUR);
      scene.expect(DETECTOR, { to: 2 * DAY });
    },
  },
  'reset-a-day-later': {
    who: 'unregistered',
    tell(scene) {
      const phone = scan(scene);
      adminDeletes(scene, DAY + HOUR);
      scene.tell(listed(scene, [phone], [], DAY + HOUR + SECOND));
      scene.expect(DETECTOR, { to: 2 * DAY });
      scene.expect('bootstrap-not-finished', { to: 5 * DAY, due: 'may' }); // one method is not all
    },
  },
  'leaves-days-later': {
    who: 'unregistered',
    tell(scene) {
      scan(scene);
      account(scene, 2 * DAY, 'Disable account');
      account(scene, 2 * DAY + HOUR, 'Delete user');
      scene.expect(DETECTOR, { to: 3 * DAY });
    },
  },
  'completed-just-too-late': {
    who: 'unregistered',
    tell(scene) {
      scan(scene);
      verify(scene, 80 * MINUTE);
      scene.expect(DETECTOR, { to: 2 * HOUR, due: 'may' }); // over before it can be known
    },
  },
  'unfinished-in-outlook': {
    who: 'unregistered',
    tell(scene) {
      scan(scene, 0, { ...createPhone(scene.random), flavor: 'Outlook' });
      scene.expect(DETECTOR, { due: 'record' });
    },
  },
  'started-and-left': {
    who: 'unregistered',
    tell(scene) {
      scene.tell(securityInfo(scene.stamp(), scene.person, 'started'));
      scene.expect(DETECTOR, { due: 'record' });
    },
  },

  completed: {
    who: 'unregistered',
    tell(scene) {
      scan(scene);
      scene.tell(securityInfo(scene.stamp(7 * SECOND), scene.person, 'started'));
      verify(scene);
    },
  },
  'completed-in-interrupt-mode': {
    who: 'unregistered',
    tell(scene) {
      scene.tell(interrupted(scene, 50072, -2 * MINUTE), interrupted(scene, 50079, -MINUTE));
      scan(scene);
      verify(scene, 40 * SECOND);
      info(scene, 45 * SECOND, ALL, 'User registered all required security info.');
    },
  },
  'completed-without-a-reason': {
    who: 'registered',
    tell(scene) {
      const fresh = createPhone(scene.random);
      const known = scene.person.phone ?? createPhone(scene.random);
      scene.tell(listed(scene, [known], [known, fresh]));
      info(scene, 40 * SECOND, REGISTERED);
    },
  },
  'completed-named-in-details': {
    who: 'unregistered',
    tell(scene) {
      scan(scene);
      const details = { AuthenticationMethod: 'Microsoft Authenticator' };
      scene.tell(securityInfoRow(scene.stamp(30 * SECOND), scene.person, REGISTERED, { details }));
    },
  },
  'completed-with-a-pass': {
    who: 'unregistered',
    tell(scene) {
      scene.tell(passIssued(scene.stamp(-HOUR), scene.person, scene.admin));
      scan(scene);
      verify(scene, 25 * SECOND);
    },
  },
  'completed-slowly': {
    who: 'unregistered',
    tell(scene) {
      scan(scene);
      verify(scene, 50 * MINUTE);
    },
  },
  'completed-as-passkey-in-app': {
    who: 'unregistered',
    tell(scene) {
      scan(scene);
      info(scene, MINUTE, REGISTERED, 'User registered Passkey in Microsoft Authenticator');
    },
  },
  'retried-and-completed': {
    who: 'unregistered',
    tell(scene) {
      const first = scan(scene);
      const second = createPhone(scene.random);
      scene.tell(listed(scene, [first], [first, second], 6 * MINUTE));
      verify(scene, 6 * MINUTE + 20 * SECOND);
    },
  },
  'phone-migrated': {
    who: 'registered',
    tell(scene) {
      const fresh = createPhone(scene.random);
      const known = scene.person.phone ?? createPhone(scene.random);
      scene.tell(
        listed(scene, [known], [known, fresh]),
        securityInfo(scene.stamp(20 * SECOND), scene.person, 'registered'),
        securityInfo(scene.stamp(3 * MINUTE), scene.person, 'deleted'),
        listed(scene, [known, fresh], [fresh], 3 * MINUTE + SECOND),
      );
    },
  },
  'used-soon-after': {
    who: 'unregistered',
    tell(scene) {
      const phone = scan(scene);
      const usedAt = plus(scene.at, 20 * MINUTE);
      scene.tell(listed(scene, [phone], [{ ...phone, usedAt }], 20 * MINUTE + SECOND));
    },
  },
  'cancelled-and-removed': {
    who: 'unregistered',
    tell(scene) {
      const phone: Phone = scan(scene);
      scene.tell(
        securityInfo(scene.stamp(MINUTE), scene.person, 'cancelled'),
        listed(scene, [phone], [], 2 * MINUTE),
        securityInfo(scene.stamp(2 * MINUTE), scene.person, 'deleted'),
      );
    },
  },
  'reset-within-the-hour': {
    who: 'unregistered',
    tell(scene) {
      const phone = scan(scene);
      adminDeletes(scene, 30 * MINUTE);
      scene.tell(listed(scene, [phone], [], 30 * MINUTE + SECOND));
      scene.expect('bootstrap-not-finished', { to: 4 * DAY, due: 'may' });
    },
  },
  'leaves-within-the-hour': {
    who: 'unregistered',
    tell(scene) {
      scan(scene);
      account(scene, 20 * MINUTE, 'Disable account');
      scene.expect(DETECTOR, { to: HOUR, due: 'record' }); // they had not finished, and nobody need act
    },
  },
  'sms-only': {
    who: 'unregistered',
    tell(scene) {
      info(scene, 0, REGISTERED, 'User registered Mobile Phone SMS');
      scene.tell(methodsChanged(scene.stamp(), scene.person, [], [SMS]));
      info(scene, 5 * SECOND, ALL, 'User registered all required security info.');
    },
  },
  'role-for-an-hour': {
    who: 'registered',
    tell(scene) {
      const role = 'Exchange Administrator';
      const expired = 'Remove member from role (PIM activation expired)';
      scene.tell(
        pimRole(scene.stamp(), scene.person, role, 'Add member to role'),
        pimRole(scene.stamp(HOUR), scene.person, role, expired),
      );
    },
  },
} as const satisfies Record<string, Tale>;
