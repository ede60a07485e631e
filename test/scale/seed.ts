import { timelineId, type Finding } from '../../shared/domain/findings/finding';
import { DAY, MINUTE, plus, toInstant, type Instant } from '../../shared/domain/time';
import type { FindingIndex } from '../../shared/pipeline/ports/finding-index';
import { finding } from '../contracts/samples';

export const PER_PERSON = 20;
const DETECTORS = 4;
/** Of one finding in a thousand. */
export const RARE = 'detector-rare';
export const DETECTOR_IDS = [...Array.from({ length: DETECTORS }, (_, i) => `detector-${i}`), RARE];
const BATCH = 10_000;
/** Coprime to the usual counts: findings of one person are opened far apart. */
const STRIDE = 7_919;
const BEGIN = toInstant('2026-01-01T00:00:00Z');
const DAYS = 180;
export const NEWEST_MONTH: Instant = toInstant('2026-06-01T00:00:00Z');

/** The n-th of so many findings, opened over six months; `count` says which it is. */
export function seeded(n: number, of: number): Finding {
  const person = Math.floor(n / PER_PERSON);
  const detector = n % 1_000 === 0 ? RARE : `detector-${person % DETECTORS}`;
  const id = `user-${person}`;
  const isOpen = n % 10 === 0;
  return finding(timelineId('tenant', detector, id), `anchor ${n}`, {
    ...{ detector, count: n, title: `Registration ${n % 7} unfinished` },
    subject: { type: 'user', id, name: `Person ${person}` },
    severity: n % 3 === 0 ? 'high' : 'low',
    ...(isOpen ? { status: 'open' } : { status: 'resolved', resolution: 'completed' }),
    openedAt: plus(BEGIN, (((n * STRIDE) % of) * DAYS * DAY) / of + MINUTE),
  });
}

export async function seed(index: FindingIndex, of: number): Promise<void> {
  for (let from = 0; from < of; from += BATCH) {
    const size = Math.min(BATCH, of - from);
    await index.addAll(Array.from({ length: size }, (_, i) => seeded(from + i, of)));
  }
}
