import type { JsonObject } from '../json';
import type { EntraRecord } from '../record';
import type { Signal, Subject } from './signal';

/** A signal of one event. `part` tells apart several of one kind that the same event yields. */
export function eventSignal(
  { source, id, at }: EntraRecord,
  subject: Subject,
  kind: string,
  facts: JsonObject = {},
  part?: string,
): Signal {
  const key = part === undefined ? `${id}|${kind}` : `${id}|${kind}|${part}`;
  return { key, source, eventId: id, at, subject, kind, facts };
}

/** A signal that many events share, such as all of one day; the facts name those that matter. */
export function sharedSignal(
  { source, at }: Pick<EntraRecord, 'source' | 'at'>,
  subject: Subject,
  kind: string,
  facts: JsonObject,
  key: string,
): Signal {
  return { key, source, at, subject, kind, facts };
}
