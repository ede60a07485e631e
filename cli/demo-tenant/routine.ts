import { HOUR, MINUTE, plus, SECOND, type Instant } from '../../shared/domain/time';
import type { Person } from './people';
import type { Random } from './random';
import {
  addedToGroup,
  addedToRole,
  phonesRewritten,
  POLICIES,
  profileUpdated,
  signIn,
  type DemoRow,
  type SignInFields,
  type Stamp,
} from './rows';

/** An ordinary sign-in: mostly fine, sometimes a wrong password, a lockout or a block that the code admits. */
export function routineSignIn(at: Instant, people: readonly Person[], random: Random): DemoRow {
  const person = random.pick(people);
  const stamp = lateStamp(at, random);
  return signIn(stamp, person, kindOf(random.below(100)));
}

const BROWSER = { clientApp: 'Browser', policies: [[POLICIES.requireMfa, 'success']] } as const;

function kindOf(chance: number): SignInFields {
  if (chance < 80) {
    return { ...BROWSER, conditionalAccess: 'success' };
  }
  if (chance < 87) {
    return {
      clientApp: 'Exchange ActiveSync',
      conditionalAccess: 'success',
      operatingSystem: 'iOS 18',
      policies: [[POLICIES.compliantDevice, 'success']],
    };
  }
  if (chance < 95) {
    const failureReason = 'Error validating credentials due to invalid username or password.';
    return failed(50126, failureReason, 'notApplied');
  }
  if (chance < 97) {
    return failed(50053, "You've tried to sign in too many times.", 'notApplied');
  }
  const blocked = failed(
    53003,
    'Access has been blocked by Conditional Access policies.',
    'failure',
  );
  return { ...blocked, policies: [[POLICIES.blockAbroad, 'failure']] };
}

function failed(
  errorCode: number,
  failureReason: string,
  conditionalAccess: SignInFields['conditionalAccess'],
): SignInFields {
  return { clientApp: 'Browser', errorCode, failureReason, conditionalAccess, policies: [] };
}

/** An ordinary change: a phone list rewritten at a sign-in, a group, a role that weighs nothing, a profile. */
export function routineAudit(at: Instant, people: readonly Person[], random: Random): DemoRow {
  const stamp = lateStamp(at, random);
  const by = random.pick(people);
  const chance = random.below(10);
  const owners = people.filter((each) => each.phone !== undefined);
  const owner = random.pick(owners);
  if (chance < 5 && owner.phone !== undefined) {
    const { phone } = owner;
    const before = { ...phone, usedAt: plus(at, -20 * HOUR), drift: random.below(3) };
    return phonesRewritten(stamp, owner, [before], [{ ...phone, usedAt: at, drift: 0 }]);
  }
  const person = random.pick(people);
  return chance < 7
    ? addedToGroup(stamp, person, by, 'Project Northwind')
    : chance < 8
      ? addedToRole(stamp, person, by, 'Reports Reader')
      : profileUpdated(stamp, person, by);
}

/** 95 % show within 2 minutes, 4 % within 15 minutes, 1 % within 3 hours. */
function lateStamp(at: Instant, random: Random): Stamp {
  const chance = random.next();
  const most = chance < 0.95 ? 2 * MINUTE : chance < 0.99 ? 15 * MINUTE : 3 * HOUR;
  return { at, visibleAt: plus(at, SECOND + random.next() * most), random };
}
