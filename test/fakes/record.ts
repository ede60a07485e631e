import type { RuleScope } from '../../shared/domain/findings/suppression';
import { DAY, HOUR, MINUTE, plus, toInstant, type Instant } from '../../shared/domain/time';
import type { Finding } from '../../shared/domain/findings/finding';
import { compare, type FindingChange } from '../../shared/domain/findings/transition';
import type { ChainCopies } from '../../shared/pipeline/ports/audit-trail';
import type { Stores } from '../../shared/pipeline/ports/stores';
import { purgeExpired } from '../../shared/pipeline/audit-trail/retention';
import { addRule, removeRule } from '../../shared/pipeline/findings/rules';
import { sealRecord } from '../../shared/pipeline/audit-trail/seal';
import { finding, timeline } from '../contracts/samples';
import { VirtualClock } from './clock';

export const FIRST_DAY = toInstant('2026-02-01T09:00:00Z');
export const RETENTION = 30 * DAY;

/** Copies in memory. */
export class MemoryCopies implements ChainCopies {
  readonly texts = new Map<number, string>();

  put(sequence: number, text: string): Promise<boolean> {
    const isNew = !this.texts.has(sequence);
    if (isNew) {
      this.texts.set(sequence, text);
    }
    return Promise.resolve(isNew);
  }

  read(sequence: number): Promise<string | undefined> {
    return Promise.resolve(this.texts.get(sequence));
  }
}

/** Writes transitions as the engine does. */
export async function write(stores: Stores, change: FindingChange): Promise<Finding> {
  const { id } = change.finding;
  const isWritten = await stores.findings.commit(change, (await stores.findings.find(id))?.etag);
  if (!isWritten) {
    throw new Error(`${id} was not written`);
  }
  return change.finding;
}

/** Opens a finding, ends it and opens it again, so many transitions. */
export async function live(
  stores: Stores,
  of: Finding,
  at: Instant,
  transitions: number,
): Promise<Finding> {
  let stored: Finding | undefined;
  for (let i = 0; i < transitions; i++) {
    const now = plus(at, i * MINUTE);
    const { resolution: _r, ...rest } = stored ?? { ...of, openedAt: now };
    const isOpen = i % 2 === 0;
    const next: Finding = {
      ...rest,
      ...(isOpen ? {} : { resolution: 'done', resolvedAt: now }),
      verdict: isOpen ? { state: 'open' } : { state: 'resolved', resolution: 'done' },
      status: isOpen ? 'open' : 'resolved',
      lastSeenAt: now,
    };
    stored = await write(stores, compare(stored, next, now)!);
  }
  return stored!;
}

export interface BuiltRecord {
  readonly clock: VirtualClock;
  readonly findings: readonly Finding[];
  readonly rules: readonly string[];
}

/** A record with a past: findings of several days, rules and holds, seals in parts, a purge, and what is not sealed. */
export async function buildRecord(stores: Stores, copies?: ChainCopies): Promise<BuiltRecord> {
  const clock = new VirtualClock(FIRST_DAY);
  const desk = { stores, clock };
  const [ann, ben, eve] = ['Ann', 'Ben', 'Eve'].map((name) => timeline(name));
  const findings: Finding[] = [];
  const begin = async (of: Finding, transitions: number): Promise<void> => {
    findings.push(await live(stores, of, clock.now(), transitions));
  };
  const rule = async (scope: RuleScope): Promise<string> => {
    const rest = { owner: 'olga', reason: 'known', createdBy: 'olga' };
    const expiresAt = plus(clock.now(), 90 * DAY);
    return (await addRule(desk, { kind: 'suppression', scope, expiresAt, ...rest })).id;
  };
  const seal = (): Promise<unknown> => sealRecord({ ...desk, copies, headsPerPart: 3 });
  const rules = [await rule({ subjectId: 'nobody' }), await rule({ detector: 'none' })];
  for (const [i, of] of [ann!, ben!, ann!, eve!, ben!].entries()) {
    await begin(finding(of.id, `old ${i}`), i + 1);
  }
  clock.advance(DAY);
  await seal();
  await removeRule(desk, { id: rules[1]!, kind: 'suppression', by: 'olga', reason: 'over' });
  const held = { findingId: findings[1]!.id };
  const hold = await addRule(desk, {
    ...{ kind: 'hold', scope: held, owner: 'law', reason: 'case 7', createdBy: 'law' },
  });
  rules.push(hold.id);
  for (const [i, of] of [ann!, eve!, eve!].entries()) {
    await begin(finding(of.id, `later ${i}`), 3);
  }
  clock.advance(40 * DAY);
  await seal();
  await purgeExpired({ stores, detectors: [], retention: RETENTION, clock });
  for (const [i, of] of [ben!, eve!].entries()) {
    await begin(finding(of.id, `new ${i}`), 2 + i);
  }
  clock.advance(HOUR);
  await seal();
  await begin(finding(ben!.id, 'of the next hour'), 2);
  clock.advance(DAY - HOUR);
  await seal();
  clock.advance(2 * HOUR);
  await begin(finding(ann!.id, 'of today'), 2);
  return { clock, findings, rules };
}
