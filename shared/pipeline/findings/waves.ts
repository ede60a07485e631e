/** So many timelines at once: enough to share requests, few enough for memory and for a look at the time between. */
const WAVE = 4_000;

/**
 * Cuts work on timelines into waves. Their ids are hashes, and a store keeps those of one first digit together: a wave
 * takes neighbours of each digit, so that they share requests and no part of the store has all the work at once.
 */
export function wavesOf<T>(
  items: readonly T[],
  idOf: (item: T) => string,
  most = WAVE,
): readonly (readonly T[])[] {
  const groups = [...Map.groupBy(items, (item) => idOf(item).slice(0, 1)).values()];
  const share = Math.max(Math.floor(most / Math.max(groups.length, 1)), 1);
  const sorted = groups.map((group) => group.toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1)));
  const waves = Math.ceil(Math.max(0, ...groups.map(({ length }) => length)) / share);
  return Array.from({ length: waves }, (_, i) =>
    sorted.flatMap((group) => group.slice(i * share, (i + 1) * share)),
  );
}
