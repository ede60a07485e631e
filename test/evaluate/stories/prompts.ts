import { addedToRole, POLICIES, securityInfo, signIn } from '../../../cli/demo-tenant/rows';
import { createPhone } from '../../../cli/demo-tenant/people';
import { phonesRewritten } from '../../../cli/demo-tenant/rows';
import { DAY, HOUR, MINUTE, type Duration } from '../../../shared/domain/time';
import { securityInfoRow, withJson } from '../rows';
import type { Scene, Tale } from '../scene';

const DETECTOR = 'security-info-prompt-loop';
const LOOP = [DAY, 2 * DAY, 4 * DAY];

/** "More information required": each time an attempt of its own. */
function asked(
  scene: Scene,
  errorCode: number,
  times: readonly Duration[],
  more: Readonly<Record<string, unknown>> = {},
): void {
  for (const at of times) {
    const row = signIn(scene.stamp(at), scene.person, {
      ...{ clientApp: 'Browser', errorCode, conditionalAccess: 'notApplied' },
      failureReason:
        'Sign-in was interrupted because of a password reset or password registration entry.',
      policies: [[POLICIES.requireMfa, 'notApplied']],
    });
    scene.tell(withJson(row, more));
  }
}

function registered(scene: Scene, at: Duration = 0): void {
  scene.tell(securityInfo(scene.stamp(at), scene.person, 'registered'));
}

function holdsRole(scene: Scene): void {
  const role = 'Exchange Administrator';
  scene.tell(addedToRole(scene.stamp(HOUR), scene.person, scene.admin, role));
}

/** Whoever is asked for more information again and again, and who only seems to be. */
export const PROMPT_TALES = {
  'admin-asked-again-and-again': {
    who: 'registered',
    tell(scene) {
      registered(scene);
      holdsRole(scene);
      asked(scene, 50125, LOOP);
      scene.expect(DETECTOR, { from: DAY, to: 5 * DAY, event: 4 * DAY });
    },
  },
  'asked-again-and-again': {
    who: 'registered',
    tell(scene) {
      registered(scene);
      asked(scene, 50125, LOOP);
      scene.expect(DETECTOR, { from: DAY, to: 5 * DAY, event: 4 * DAY, due: 'record' });
    },
  },
  'asked-for-mfa-again-and-again': {
    who: 'registered',
    tell(scene) {
      registered(scene);
      asked(scene, 50079, LOOP);
      scene.expect(DETECTOR, { from: DAY, to: 5 * DAY, event: 4 * DAY, due: 'record' });
    },
  },

  'asked-five-times-one-morning': {
    who: 'registered',
    tell(scene) {
      registered(scene);
      holdsRole(scene);
      asked(
        scene,
        50125,
        [0, 5, 12, 20, 31].map((minute) => DAY - 3 * HOUR + minute * MINUTE),
      );
    },
  },
  'asked-until-registered': {
    who: 'registered',
    tell(scene) {
      registered(scene);
      holdsRole(scene);
      asked(scene, 50125, [DAY, 2 * DAY]);
      const activity = 'User registered all required security info';
      const reason = 'User registered all required security info.';
      scene.tell(securityInfoRow(scene.stamp(2 * DAY + HOUR), scene.person, activity, { reason }));
    },
  },
  'new-and-asked-every-day': {
    who: 'unregistered',
    tell(scene) {
      asked(scene, 50072, LOOP);
    },
  },
  'guest-asked-at-home': {
    who: 'unregistered',
    tell(scene) {
      const [homeTenantId, resourceTenantId] = [scene.random.guid(), scene.random.guid()];
      asked(scene, 50079, LOOP, { homeTenantId, resourceTenantId });
    },
  },
  'asked-twice': {
    who: 'registered',
    tell(scene) {
      registered(scene);
      holdsRole(scene);
      asked(scene, 50125, [DAY, 3 * DAY]);
    },
  },
  'asked-because-unfinished': {
    who: 'unregistered',
    tell(scene) {
      const phone = createPhone(scene.random);
      scene.tell(phonesRewritten(scene.stamp(), scene.person, [], [phone]));
      asked(scene, 50072, LOOP);
      scene.expect('mfa-registration-unfinished');
    },
  },
} as const satisfies Record<string, Tale>;
