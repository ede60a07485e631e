import { createPhone } from '../../../cli/demo-tenant/people';
import { phonesRewritten, securityInfo } from '../../../cli/demo-tenant/rows';
import { DAY, HOUR, MINUTE, SECOND, type Duration } from '../../../shared/domain/time';
import { methodsChanged, securityInfoRow } from '../rows';
import type { Scene, Tale } from '../scene';

const DETECTOR = 'registration-without-outcome';
const STARTED = 'User started security info registration';
const REGISTERED = 'User registered security info';

function starts(scene: Scene, method: string, times: readonly Duration[]): Duration {
  for (const at of times) {
    const reason = `User started the registration for ${method}`;
    scene.tell(securityInfoRow(scene.stamp(at), scene.person, STARTED, { reason }));
  }
  return times.at(-1) ?? 0;
}

function info(scene: Scene, at: Duration, activity: string, reason = ''): void {
  scene.tell(securityInfoRow(scene.stamp(at), scene.person, activity, { reason }));
}

const FOUR = [0, MINUTE, 9 * MINUTE, 14 * MINUTE];
const AUTHENTICATOR = 'Authenticator App with Notification and Code';

/** Registrations that are started again and again. */
export const OUTCOME_TALES = {
  'passkey-without-outcome': {
    who: 'member',
    tell(scene) {
      const event = starts(scene, 'Passkey', FOUR);
      scene.expect(DETECTOR, { to: HOUR, event });
    },
  },
  'passkey-thirteen-times': {
    who: 'member',
    tell(scene) {
      const times = Array.from({ length: 13 }, (_, i) => i * 6.5 * MINUTE);
      const event = starts(scene, 'Passkey', times);
      scene.expect(DETECTOR, { to: 2 * HOUR, event });
    },
  },
  'passkey-then-sms': {
    who: 'unregistered',
    tell(scene) {
      const event = starts(scene, 'Passkey', FOUR);
      info(scene, 20 * MINUTE, REGISTERED, 'User registered Mobile Phone SMS');
      scene.expect(DETECTOR, { to: HOUR, event });
    },
  },
  'authenticator-without-outcome': {
    who: 'unregistered',
    tell(scene) {
      const event = starts(scene, AUTHENTICATOR, FOUR);
      scene.expect(DETECTOR, { to: HOUR, event });
    },
  },
  'passkey-registered-a-day-later': {
    who: 'member',
    tell(scene) {
      const event = starts(scene, 'Passkey', FOUR);
      scene.tell(securityInfo(scene.stamp(DAY), scene.person, 'passkey-registered'));
      scene.expect(DETECTOR, { to: 2 * DAY, event });
    },
  },

  'passkey-registered-at-last': {
    who: 'member',
    tell(scene) {
      starts(scene, 'Passkey', FOUR);
      scene.tell(securityInfo(scene.stamp(15 * MINUTE), scene.person, 'passkey-registered'));
    },
  },
  'passkey-cancelled': {
    who: 'member',
    tell(scene) {
      starts(scene, 'Passkey', FOUR);
      scene.tell(securityInfo(scene.stamp(16 * MINUTE), scene.person, 'cancelled'));
    },
  },
  'passkey-failed': {
    who: 'member',
    tell(scene) {
      starts(scene, 'Passkey', FOUR);
      scene.tell(
        securityInfoRow(scene.stamp(16 * MINUTE), scene.person, REGISTERED, {
          ...{ reason: 'User failed to register Passkey', result: 'failure' },
        }),
      );
    },
  },
  'passkey-twice': {
    who: 'member',
    tell(scene) {
      starts(scene, 'Passkey', [0, 5 * MINUTE]);
    },
  },
  'passkey-once-a-day': {
    who: 'member',
    tell(scene) {
      starts(scene, 'Passkey', [0, DAY, 2 * DAY, 3 * DAY]);
    },
  },
  'three-methods-once-each': {
    who: 'member',
    tell(scene) {
      starts(scene, 'Passkey', [0]);
      starts(scene, 'Mobile Phone SMS', [3 * MINUTE]);
      starts(scene, 'Email', [6 * MINUTE]);
    },
  },
  'authenticator-at-last': {
    who: 'unregistered',
    tell(scene) {
      const end = starts(scene, AUTHENTICATOR, FOUR);
      const added = scene.stamp(end + 10 * SECOND);
      scene.tell(
        phonesRewritten(added, scene.person, [], [createPhone(scene.random)]),
        methodsChanged(scene.stamp(end + MINUTE), scene.person, [], [6, 7]),
        securityInfo(scene.stamp(end + MINUTE), scene.person, 'registered'),
      );
    },
  },
} as const satisfies Record<string, Tale>;
