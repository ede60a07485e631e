import type { Source } from '../record';

/** What the rows of a feed are picked by, as Graph's `$filter` names it, and the feed's name after that of its source. */
const NAMES = {
  activityDisplayName: 'by activity',
  clientAppUsed: 'by client app',
  collection: 'by collection',
  'status/errorCode': 'by error code',
} as const;
export type Property = keyof typeof NAMES;
export const PROPERTIES = Object.keys(NAMES) as readonly Property[];

/**
 * The unit of reading: the rows of one source that are picked by one property. Graph filters safely by one property
 * only, so detectors that look at different properties of a source read different feeds of it. Each has cursors,
 * coverage and a filter of its own; a row that comes by in two of them is one record.
 */
export interface Feed {
  readonly source: Source;
  readonly property: Property;
}

/** A feed as people read it, after the name of its source: `by error code`. */
export function feedName(property: Property): string {
  return NAMES[property];
}

/** The sources of some feeds, each once. */
export function sourcesOf(feeds: readonly Pick<Feed, 'source'>[]): readonly Source[] {
  return [...new Set(feeds.map(({ source }) => source))];
}

export function isSameFeed(a: Feed, b: Feed): boolean {
  return a.source === b.source && a.property === b.property;
}
