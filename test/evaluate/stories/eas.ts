import { FAR_AWAY } from '../../../cli/demo-tenant/people';
import { POLICIES, signIn, type DemoRow, type SignInFields } from '../../../cli/demo-tenant/rows';
import { DAY, HOUR, MINUTE, type Duration } from '../../../shared/domain/time';
import { withJson } from '../rows';
import type { Scene, Tale } from '../scene';

const DETECTOR = 'eas-success-despite-ca-failure';

const ACTIVE_SYNC = { clientApp: 'Exchange ActiveSync', operatingSystem: 'Android' } as const;

/** Accepted by Entra although a policy blocks it. */
const BLOCKED = {
  ...ACTIVE_SYNC,
  conditionalAccess: 'failure',
  policies: [
    [POLICIES.blockActiveSync, 'failure'],
    [POLICIES.requireMfa, 'notApplied'],
  ],
} as const satisfies SignInFields;

function abroad({ random }: Scene): Pick<SignInFields, 'place' | 'ipAddress'> {
  return { place: random.pick(FAR_AWAY), ipAddress: `203.0.113.${1 + random.below(254)}` };
}

function row(scene: Scene, fields: SignInFields, after: Duration = 0): DemoRow {
  return signIn(scene.stamp(after), scene.person, fields);
}

/** What ActiveSync does in the log, and must be told of or not. */
export const EAS_TALES = {
  'eas-blocked': {
    who: 'member',
    tell(scene) {
      scene.tell(row(scene, { ...BLOCKED, ...abroad(scene) }));
      scene.expect(DETECTOR);
    },
  },
  'eas-blocked-at-home': {
    who: 'member',
    tell(scene) {
      scene.tell(row(scene, BLOCKED));
      scene.expect(DETECTOR);
    },
  },
  'eas-blocked-all-day': {
    who: 'member',
    tell(scene) {
      const where = abroad(scene);
      for (let i = 0; i < 12; i++) {
        scene.tell(row(scene, { ...BLOCKED, ...where }, i * 20 * MINUTE));
      }
      scene.expect(DETECTOR, { to: 4 * HOUR });
    },
  },
  'eas-not-compliant': {
    who: 'member',
    tell(scene) {
      scene.tell(row(scene, { ...BLOCKED, policies: [[POLICIES.compliantDevice, 'failure']] }));
      scene.expect(DETECTOR);
    },
  },
  'eas-two-countries': {
    who: 'member',
    tell(scene) {
      const [here, there] = [FAR_AWAY[0], FAR_AWAY[1]] as const;
      scene.tell(row(scene, { ...BLOCKED, ...abroad(scene), ...(here && { place: here }) }));
      scene.tell(
        row(scene, { ...BLOCKED, ...abroad(scene), ...(there && { place: there }) }, 25 * MINUTE),
      );
      scene.expect(DETECTOR, { to: 25 * MINUTE });
    },
  },
  'eas-policies-not-readable': {
    who: 'member',
    tell(scene) {
      const plain = row(scene, { ...BLOCKED, ...abroad(scene), policies: [] });
      scene.tell(withJson(plain, { appliedConditionalAccessPolicies: null }));
      scene.expect(DETECTOR);
    },
  },
  'eas-unsupported-label': {
    who: 'member',
    tell(scene) {
      const clientApp = 'Exchange ActiveSync (unsupported)';
      scene.tell(row(scene, { ...BLOCKED, ...abroad(scene), clientApp }));
      scene.expect(DETECTOR);
    },
  },
  'eas-after-a-wrong-password': {
    who: 'member',
    tell(scene) {
      const where = abroad(scene);
      scene.tell(
        row(scene, {
          ...{ ...ACTIVE_SYNC, ...where, errorCode: 50126, policies: [] },
          conditionalAccess: 'notApplied',
        }),
        row(scene, { ...BLOCKED, ...where }, MINUTE),
      );
      scene.expect(DETECTOR, { from: MINUTE });
    },
  },

  'eas-refused': {
    who: 'member',
    tell(scene) {
      scene.tell(row(scene, { ...BLOCKED, ...abroad(scene), errorCode: 53003 }));
    },
  },
  'eas-allowed-abroad': {
    who: 'member',
    tell(scene) {
      for (let day = 0; day < 4; day++) {
        scene.tell(
          row(
            scene,
            {
              ...{ ...ACTIVE_SYNC, ...abroad(scene) },
              conditionalAccess: 'success',
              policies: [[POLICIES.compliantDevice, 'success']],
            },
            day * DAY,
          ),
        );
      }
    },
  },
  'eas-report-only': {
    who: 'member',
    tell(scene) {
      scene.tell(
        row(scene, {
          ...{ ...ACTIVE_SYNC, ...abroad(scene), conditionalAccess: 'notApplied' },
          policies: [[POLICIES.blockLegacyTrial, 'reportOnlyFailure']],
        }),
      );
    },
  },
  'eas-wrong-password': {
    who: 'member',
    tell(scene) {
      for (let i = 0; i < 4; i++) {
        const fields = { ...ACTIVE_SYNC, errorCode: 50126, policies: [] };
        scene.tell(row(scene, { ...fields, conditionalAccess: 'notApplied' }, i * 15 * MINUTE));
      }
    },
  },
  'browser-blocked-abroad': {
    who: 'member',
    tell(scene) {
      scene.tell(
        row(scene, {
          ...{ clientApp: 'Browser', ...abroad(scene), errorCode: 53003 },
          conditionalAccess: 'failure',
          policies: [[POLICIES.blockAbroad, 'failure']],
        }),
      );
    },
  },
  'another-client-success-and-failure': {
    who: 'member',
    tell(scene) {
      const clientApp = 'Mobile Apps and Desktop clients';
      scene.tell(row(scene, { ...BLOCKED, ...abroad(scene), clientApp }));
    },
  },
} as const satisfies Record<string, Tale>;
