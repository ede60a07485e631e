/** These properties of an object, in this order; what it does not have is left out. */
export function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> {
  const present = keys.filter((key) => from[key] !== undefined);
  return Object.fromEntries(present.map((key) => [key, from[key]])) as Pick<T, K>;
}
