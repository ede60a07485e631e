import fc from 'fast-check';
import { seeded } from '../../cli/demo-tenant/random';
import type { Around } from '../../shared/adapters/memory/memory-table';
import type { Alert } from '../../shared/domain/findings/transition';
import { HOUR, MINUTE, toInstant } from '../../shared/domain/time';
import type { Outbox, OutboxRow } from '../../shared/pipeline/ports/outbox';
import { ACCEPTED, BUSY, DeliveryWorld, Killed, ONE, others } from './delivery-world';
import { must } from './law';
import { memoryStores } from './memory-stores';
import { Shuffled } from './shuffled';

/**
 * What storage does to one deliverer during one round. `read-only`: it answers reads and refuses writes. `write-lost`:
 * a write is done and its answer is an error. `conflict`: a write is refused as if somebody else had been faster.
 * `slow`: a request takes up to two minutes. `killed`: the deliverer dies at some request.
 */
export const STORAGE_FAULTS = [
  'none',
  'read-only',
  'write-lost',
  'conflict',
  'slow',
  'killed',
] as const;
export type StorageFault = (typeof STORAGE_FAULTS)[number];

/** What the channel does. `lost`: it takes the post, and its answer never comes. */
const ANSWERS = { yes: ACCEPTED, busy: BUSY, lost: new Error('no answer') };

/** Some alerts come up, and then several deliverers work at once. */
interface Round {
  readonly alerts: readonly { readonly form: Alert['form']; readonly isEnd: boolean }[];
  readonly deliverers: readonly StorageFault[];
  readonly answer: keyof typeof ANSWERS;
  readonly seed: number;
  readonly waits: number;
}

/** Rounds of overlapping deliverers. */
export type DelivererPlan = readonly Round[];

export const delivererPlans: fc.Arbitrary<DelivererPlan> = fc.array(
  fc.record({
    alerts: fc.array(
      fc.record({ form: fc.constantFrom('card', 'digest', 'line'), isEnd: fc.boolean() }),
      { maxLength: 5 },
    ),
    deliverers: fc.array(fc.constantFrom(...STORAGE_FAULTS), { minLength: 2, maxLength: 4 }),
    answer: fc.constantFrom('yes', 'yes', 'busy', 'lost'),
    seed: fc.nat(10_000),
    waits: fc.constantFrom(0, 1, 3, 6, 70),
  }),
  { minLength: 1, maxLength: 6 },
);

/** Alters what a deliverer has of storage: to plant a fault. */
export type Sabotage = (outbox: Outbox) => Outbox;

const T = toInstant('2026-11-27T12:00:00Z');
const FINDINGS = [ONE, ...others(7)];

/**
 * Plays the plan, then lets one deliverer end it in peace. Throughout, whatever is posted is claimed by who posts it,
 * and each claim allows one post; in the end everything is told under one id, or known to need no telling.
 * @returns the faults that were met.
 */
export async function playDeliverers(
  plan: DelivererPlan,
  sabotage: Sabotage = (outbox) => outbox,
): Promise<ReadonlySet<StorageFault>> {
  const world = new DeliveryWorld(T);
  const met = new Set<StorageFault>();
  const wrong = watchPosts(world);
  for (const round of plan) {
    for (const [i, { form, isEnd }] of round.alerts.entries()) {
      await comeUp(world, (round.seed + 3 * i) % FINDINGS.length, form, isEnd);
    }
    world.channel.answers = [ANSWERS[round.answer]];
    await overlap(world, round, sabotage, (fault) => met.add(fault));
    must(wrong.length === 0, () => wrong.join('\n'));
    world.clock.advance(round.waits * MINUTE);
  }
  world.channel.answers = [ACCEPTED];
  for (let i = 0; i < 4; i++) {
    world.clock.advance(HOUR);
    await world.run({ digestAbove: 2 });
  }
  must(wrong.length === 0, () => wrong.join('\n'));
  await mustBeTold(world);
  return met;
}

async function comeUp(
  world: DeliveryWorld,
  index: number,
  form: Alert['form'],
  isEnd: boolean,
): Promise<void> {
  const finding = FINDINGS[index]!;
  const stored = (await world.stores.findings.find(finding.id))?.finding;
  const isOpen = stored?.status === 'open';
  if (isEnd && isOpen) {
    await world.owe(finding, 'resolved', 'line');
  } else if (!isEnd && !isOpen) {
    await world.owe(finding, stored === undefined ? 'opened' : 'reopened', form);
  }
}

async function overlap(
  world: DeliveryWorld,
  { deliverers, seed }: Round,
  sabotage: Sabotage,
  onFault: (fault: StorageFault) => void,
): Promise<void> {
  const shuffled = new Shuffled(seeded(`turns ${seed}`));
  const runs = deliverers.map((fault, i) => {
    const faulty = faultAt(world, fault, `${fault} ${seed} ${i}`, onFault);
    const around: Around = (run, ...of) => shuffled.around(() => faulty(run, ...of), ...of);
    const { outbox } = memoryStores(world.tables.through(around), 'teams');
    return world.run({ outbox: sabotage(outbox), digestAbove: 2 });
  });
  const ended = Promise.allSettled(runs);
  await shuffled.waitFor(ended);
  for (const each of await ended) {
    if (each.status === 'rejected' && !(each.reason instanceof Killed)) {
      throw each.reason;
    }
  }
}

/** A deliverer that storage fails ends like one that is killed. */
function faultAt(
  world: DeliveryWorld,
  fault: StorageFault,
  seed: string,
  onFault: (fault: StorageFault) => void,
): Around {
  const random = seeded(seed);
  let requests = 0;
  const last = random.below(40);
  return async (run, operation, table) => {
    requests += 1;
    const isRead = operation === 'get' || operation === 'list';
    switch (fault) {
      case 'read-only':
        if (!isRead) {
          onFault(fault);
          throw new Killed();
        }
        return run();
      case 'write-lost': {
        const answer = await run();
        if (!isRead && random.next() < 0.1) {
          onFault(fault);
          throw new Killed();
        }
        return answer;
      }
      case 'conflict':
        // Only what has a condition can be refused so.
        if (
          (operation === 'transaction' || table === 'Findings') &&
          !isRead &&
          random.next() < 0.2
        ) {
          onFault(fault);
          return undefined as Awaited<ReturnType<typeof run>>;
        }
        return run();
      case 'slow':
        onFault(fault);
        world.clock.advance(random.below(2 * MINUTE) * (random.next() < 0.1 ? 1 : 0));
        return run();
      case 'killed':
        if (requests > last) {
          onFault(fault);
          throw new Killed();
        }
        return run();
      case 'none':
        onFault(fault);
        return run();
    }
  };
}

/**
 * At each post, every alert in it must lie there as claimed, and by a claim that no other post has used.
 * @returns what was wrong so far: a channel that throws is taken for out of order.
 */
function watchPosts(world: DeliveryWorld): readonly string[] {
  const wrong: string[] = [];
  const used = new Set<string>();
  const post = world.channel.post.bind(world.channel);
  world.channel.post = async (each) => {
    const now = world.clock.now();
    for (const { alert } of each.items) {
      const [row] = await world.outbox.read(alert.id);
      const claim = `${alert.id} ${row?.attempts}`;
      if (row === undefined || !isClaimedFor(each.id, row)) {
        wrong.push(`no claim: ${inWords(row)}`);
      } else if (row.state === 'sending') {
        wrong.push(
          ...((row.sendingUntil ?? now) > now ? [] : [`a claim that is over: ${inWords(row)}`]),
          ...(used.has(claim) ? [`a second post by one claim: ${inWords(row)}`] : []),
        );
        used.add(claim);
      }
    }
    return post(each);
  };
  return wrong;
}

/** What a digest has told of already belongs to its repeat, and needs no claim. */
function isClaimedFor(id: string, { state, digestId, alert }: OutboxRow): boolean {
  return digestId === undefined
    ? state === 'sending' && id === alert.id
    : id === digestId && (state === 'sending' || state === 'sent');
}

function inWords(row: OutboxRow | undefined): string {
  return row === undefined
    ? 'nothing'
    : `${row.alert.id} ${row.state}, attempt ${row.attempts}, ${row.digestId ?? 'single'}`;
}

async function mustBeTold(world: DeliveryWorld): Promise<void> {
  const told = new Map<string, Set<string>>();
  for (const { answer, id, items } of world.channel.posts) {
    for (const { alert } of answer === BUSY ? [] : items) {
      told.set(alert.id, (told.get(alert.id) ?? new Set()).add(id));
    }
  }
  for (const [alert, ids] of told) {
    must(ids.size === 1, () => `${alert} was told as ${[...ids].join(' and ')}`);
  }
  const marks = await world.marks();
  must(marks.length === 0, () => `marks are left: ${JSON.stringify(marks)}`);
  for (const finding of FINDINGS) {
    const stored = (await world.stores.findings.find(finding.id))?.finding;
    const states = stored === undefined ? [] : await world.states(finding);
    states.forEach((state, i) => {
      const isTold = told.has(`${finding.id}-${i + 1}`);
      must(state === 'sent' ? isTold : state === 'collapsed', () => `${finding.id}: ${state}`);
    });
    const openings = states.flatMap((state, i) => (state === 'sent' ? [i % 2 === 0] : []));
    const isKnownOpen = openings.at(-1) ?? false;
    must(isKnownOpen === (stored?.status === 'open'), () => `${finding.id} is not as it was told`);
  }
}
