import { addedToRole, passIssued, securityInfo } from '../../../cli/demo-tenant/rows';
import { DAY, HOUR, MINUTE, type Duration } from '../../../shared/domain/time';
import { accountRow, methodsChanged, securityInfoRow } from '../rows';
import type { Scene, Tale } from '../scene';

const DETECTOR = 'bootstrap-not-finished';

function pass(scene: Scene, at: Duration = 0): void {
  scene.tell(passIssued(scene.stamp(at), scene.person, scene.admin));
}

/** The methods are still listed, and none of them may be used any more. */
function mustRegisterAgain(scene: Scene, at: Duration = 0): void {
  const reason = 'Admin required re-registration of MFA authentication methods.';
  const by = scene.admin;
  scene.tell(
    securityInfoRow(scene.stamp(at), scene.person, 'Admin deleted security info', { reason, by }),
  );
}

/** Registrations that an administrator began, and what became of them. */
export const BOOTSTRAP_TALES = {
  'pass-not-used': {
    who: 'unregistered',
    tell(scene) {
      pass(scene);
      scene.expect(DETECTOR, { to: 2 * DAY });
    },
  },
  'pass-not-used-by-an-admin': {
    who: 'unregistered',
    tell(scene) {
      const { person, admin } = scene;
      scene.tell(addedToRole(scene.stamp(-HOUR), person, admin, 'User Administrator'));
      pass(scene);
      scene.expect(DETECTOR, { to: 2 * DAY });
    },
  },
  'reset-and-nothing-since': {
    who: 'registered',
    tell(scene) {
      mustRegisterAgain(scene);
      scene.expect(DETECTOR, { to: 4 * DAY });
    },
  },
  'reset-and-registered-a-week-later': {
    who: 'registered',
    tell(scene) {
      mustRegisterAgain(scene);
      scene.tell(securityInfo(scene.stamp(5 * DAY), scene.person, 'registered'));
      scene.expect(DETECTOR, { to: 6 * DAY });
    },
  },

  'pass-used-the-same-day': {
    who: 'unregistered',
    tell(scene) {
      pass(scene);
      scene.tell(
        methodsChanged(scene.stamp(6 * HOUR), scene.person, [], [6, 7]),
        securityInfo(scene.stamp(6 * HOUR), scene.person, 'registered'),
      );
    },
  },
  'pass-used-for-a-passkey': {
    who: 'unregistered',
    tell(scene) {
      pass(scene);
      scene.tell(securityInfo(scene.stamp(40 * MINUTE), scene.person, 'passkey-registered'));
    },
  },
  'pass-twice-then-used': {
    who: 'unregistered',
    tell(scene) {
      pass(scene);
      pass(scene, 20 * HOUR);
      scene.tell(securityInfo(scene.stamp(21 * HOUR), scene.person, 'registeredKey'));
    },
  },
  'reset-and-registered': {
    who: 'registered',
    tell(scene) {
      mustRegisterAgain(scene);
      scene.tell(
        methodsChanged(scene.stamp(2 * DAY), scene.person, [], [6, 7]),
        securityInfo(scene.stamp(2 * DAY), scene.person, 'registered'),
      );
    },
  },
  'pass-and-then-they-leave': {
    who: 'unregistered',
    tell(scene) {
      pass(scene);
      scene.tell(accountRow(scene.stamp(HOUR), scene.person, scene.admin, 'Disable account'));
      scene.expect(DETECTOR, { to: 2 * DAY, due: 'may' }); // nobody awaits anything any more
    },
  },
  'password-reset-only': {
    who: 'registered',
    tell(scene) {
      scene.tell(accountRow(scene.stamp(), scene.person, scene.admin, 'Reset user password'));
    },
  },
} as const satisfies Record<string, Tale>;
