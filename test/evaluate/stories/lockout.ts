import { FAR_AWAY } from '../../../cli/demo-tenant/people';
import { POLICIES, signIn, type SignInFields } from '../../../cli/demo-tenant/rows';
import { DAY, HOUR, MINUTE, SECOND, type Duration } from '../../../shared/domain/time';
import { accountRow } from '../rows';
import type { Scene, Tale } from '../scene';

const DETECTOR = 'smart-lockout-overshoot';
const MAIL = 'Mobile Apps and Desktop clients';
const WRONG = 'Error validating credentials due to invalid username or password.';
const LOCKED =
  "The account is locked, you've tried to sign in too many times with an incorrect user ID or password.";
const MALICIOUS = 'Sign-in was blocked because it came from an IP address with malicious activity.';

interface Try {
  readonly at: Duration;
  readonly errorCode: number;
  readonly reason?: string;
  readonly clientApp?: string;
  /** One of the attacker's; absent: where the person is. */
  readonly address?: number;
  readonly country?: number;
}

function tries(scene: Scene, each: Try): void {
  const { at, errorCode, reason = 'Other.', clientApp = MAIL, address, country = 0 } = each;
  const place = FAR_AWAY[country % FAR_AWAY.length];
  const fields: SignInFields = {
    ...{ clientApp, errorCode, failureReason: reason, policies: [] },
    conditionalAccess: 'notApplied',
    ...(address !== undefined && { ipAddress: `203.0.113.${address}`, ...(place && { place }) }),
  };
  scene.tell(signIn(scene.stamp(at), scene.person, fields));
}

/** So many wrong tries within so long, from these addresses in turn. */
function burst(
  scene: Scene,
  count: number,
  within: Duration,
  more: { readonly addresses?: number; readonly clientApp?: string } = {},
): void {
  const { addresses, ...rest } = more;
  for (let i = 0; i < count; i++) {
    const at = (i * within) / (count - 1);
    const address = addresses === undefined ? undefined : 1 + (i % addresses);
    tries(scene, {
      ...{ at, errorCode: 50126, reason: WRONG, ...rest },
      ...(address !== undefined && { address }),
    });
  }
}

/** Tries at times that no clock makes. */
function byHand(scene: Scene, count: number, clientApp: string): Duration {
  let at = 0;
  for (let i = 0; i < count; i++) {
    at += (2 + scene.random.below(25)) * SECOND;
    tries(scene, { at, errorCode: 50126, reason: WRONG, clientApp });
  }
  return at;
}

function passwordRow(scene: Scene, at: Duration, activity: string): void {
  const by = activity.startsWith('Reset') ? scene.admin : scene.person;
  scene.tell(accountRow(scene.stamp(at), scene.person, by, activity));
}

const SPRAY = 20 * MINUTE;

/** Wrong passwords of every kind. */
export const LOCKOUT_TALES = {
  'password-guessed': {
    who: 'member',
    tell(scene) {
      burst(scene, 24, SPRAY, { addresses: 6 });
      tries(scene, { at: 25 * MINUTE, errorCode: 50076, address: 6 });
      scene.expect(DETECTOR, { to: 30 * MINUTE, event: 25 * MINUTE });
    },
  },
  'password-guessed-and-blocked': {
    who: 'member',
    tell(scene) {
      burst(scene, 40, 50 * MINUTE, { addresses: 2 });
      const fields = { clientApp: MAIL, errorCode: 53003, conditionalAccess: 'failure' } as const;
      const place = FAR_AWAY[0];
      scene.tell(
        signIn(scene.stamp(HOUR), scene.person, {
          ...{ ...fields, ipAddress: '203.0.113.1', ...(place && { place }) },
          policies: [[POLICIES.blockAbroad, 'failure']],
        }),
      );
      scene.expect(DETECTOR, { to: HOUR, event: HOUR });
    },
  },
  'password-tried-from-many-addresses': {
    who: 'member',
    tell(scene) {
      burst(scene, 30, 40 * MINUTE, { addresses: 6 });
      scene.expect(DETECTOR, { to: HOUR, event: 40 * MINUTE });
    },
  },
  'password-reset-in-time': {
    who: 'member',
    tell(scene) {
      burst(scene, 24, SPRAY, { addresses: 6 });
      passwordRow(scene, 22 * MINUTE, 'Reset user password');
      tries(scene, { at: 25 * MINUTE, errorCode: 50076 });
      scene.expect(DETECTOR, { to: HOUR, event: SPRAY, due: 'may' }); // over before it must be said
    },
  },
  'stale-password-on-a-phone': {
    who: 'member',
    tell(scene) {
      burst(scene, 96, 95 * 15 * MINUTE, {});
      scene.expect(DETECTOR, { to: DAY, due: 'record' });
    },
  },
  'password-forgotten': {
    who: 'member',
    tell(scene) {
      const end = byHand(scene, 23, 'Browser');
      passwordRow(scene, end + 5 * MINUTE, 'Change password (self-service)');
      tries(scene, { at: end + 6 * MINUTE, errorCode: 50140, clientApp: 'Browser' });
      scene.expect(DETECTOR, { to: HOUR, due: 'record' });
    },
  },
  'beyond-the-threshold': {
    who: 'member',
    tell(scene) {
      const end = byHand(scene, 26, MAIL);
      tries(scene, { at: end + 10 * SECOND, errorCode: 50053, reason: LOCKED });
      scene.expect(DETECTOR, { to: HOUR, due: 'record' });
    },
  },

  'locked-at-the-threshold': {
    who: 'member',
    tell(scene) {
      burst(scene, 8, MINUTE);
      tries(scene, { at: 80 * SECOND, errorCode: 50053, reason: LOCKED });
    },
  },
  'address-with-malicious-activity': {
    who: 'member',
    tell(scene) {
      for (let i = 0; i < 40; i++) {
        tries(scene, { at: i * MINUTE, errorCode: 50053, reason: MALICIOUS, address: 1 });
      }
    },
  },
  'nine-wrong-and-the-right-one': {
    who: 'member',
    tell(scene) {
      const end = byHand(scene, 9, 'Browser');
      tries(scene, { at: end + 20 * SECOND, errorCode: 0, clientApp: 'Browser' });
    },
  },
  'twelve-in-the-morning': {
    who: 'member',
    tell(scene) {
      byHand(scene, 12, 'Browser');
    },
  },
  'interrupted-thirty-times': {
    who: 'member',
    tell(scene) {
      for (let i = 0; i < 30; i++) {
        tries(scene, { at: i * 2 * MINUTE, errorCode: 50076, clientApp: 'Browser' });
      }
    },
  },
} as const satisfies Record<string, Tale>;
