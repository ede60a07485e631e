import { toMinute, type Instant } from './time';

/** What stands in a step of a runbook where a finding has a time, and what a page says there that is about no finding. */
const TIMES = {
  '{first seen}': ['firstSeenAt', 'the time first seen'],
  '{last seen}': ['lastSeenAt', 'the time last seen'],
} as const;
const PLACE = /\{[^}]*\}/g;

/** A step of a runbook for one finding, with its times. */
export function stepFor(
  step: string,
  finding: { readonly firstSeenAt: Instant; readonly lastSeenAt: Instant },
): string {
  return step.replace(PLACE, (place) =>
    isKnown(place) ? toMinute(finding[TIMES[place][0]]) : place,
  );
}

/** The same step where it is about no finding in particular. */
export function stepInGeneral(step: string): string {
  return step.replace(PLACE, (place) => (isKnown(place) ? TIMES[place][1] : place));
}

/** The places of a step that nothing would be put into. */
export function unknownPlacesIn(step: string): readonly string[] {
  return (step.match(PLACE) ?? []).filter((place) => !isKnown(place));
}

function isKnown(place: string): place is keyof typeof TIMES {
  return Object.hasOwn(TIMES, place);
}
