import type { Answer, Timeline } from '../../domain/detector';
import type { Coverage } from '../../domain/reading/coverage';
import { earliest, latest, plus, type Duration, type Instant } from '../../domain/time';
import { isReserved } from './reserved';
import { evidenceOf, isHolding, isWanting, momentsOf, type Moment, type Seen } from './seen';

/** An address that looks free, because its holder was disabled or goes by another one, and is not. */
interface Leaving {
  /** Since when the holder is disabled or goes by another address, whichever is later. */
  readonly from: Instant;
  readonly holder: Seen;
  /** What was recorded next that ended it. */
  readonly end?: { readonly at: Instant; readonly code: string; readonly holder: Seen };
}

/** What was noted last of each holder, and when the answer changes without any record. */
export function leavingIn(
  timeline: Timeline,
  coverage: Coverage | undefined,
  noted: Duration,
): readonly { readonly answer: Answer<'about-to'>; readonly asks?: Instant }[] {
  const moments = momentsOf(timeline);
  const ids = new Set(moments.flatMap(({ objects }) => objects.map(({ id }) => id)));
  return [...ids].flatMap((id) => {
    const last = lastOf(id, moments, noted);
    return last === undefined ? [] : [conclude(last, coverage, noted)];
  });
}

function lastOf(id: string, moments: readonly Moment[], noted: Duration): Leaving | undefined {
  let last: Leaving | undefined;
  for (const { at, objects } of moments) {
    const holder = objects.find((each) => each.id === id);
    if (holder === undefined) {
      continue;
    }
    const isWanted = objects.some((each) => each.id !== id && isWanting(each));
    const from = isWanted ? undefined : leavingSince(holder);
    if (from !== undefined && at < plus(from, noted)) {
      last = { from, holder };
    } else if (last !== undefined && last.end === undefined) {
      last = { ...last, end: { at, code: codeOf(holder, isWanted), holder } };
    }
  }
  return last;
}

function leavingSince(holder: Seen): Instant | undefined {
  const { disabledSince, mailUntil } = holder;
  if (!isReserved(holder)) {
    return undefined;
  }
  return disabledSince !== undefined && mailUntil !== undefined
    ? latest(disabledSince, mailUntil)
    : (disabledSince ?? mailUntil);
}

function codeOf(holder: Seen, isWanted: boolean): string {
  if (!isHolding(holder)) {
    return 'freed';
  }
  const isRenamed = holder.userPrincipalName !== holder.signal.subject.id;
  return isRenamed ? 'renamed' : isWanted ? 'wanted' : 'stays';
}

function conclude(
  { from, holder, end }: Leaving,
  coverage: Coverage | undefined,
  noted: Duration,
): { readonly answer: Answer<'about-to'>; readonly asks?: Instant } {
  const lapse = plus(from, noted);
  const isLapsed = coverage !== undefined && lapse <= coverage.to;
  const isEnded = end !== undefined && end.at < lapse;
  const resolution = isEnded ? end.code : isLapsed ? 'lapsed' : undefined;
  const why = holder.disabledSince === from ? 'disabled' : 'mail-changed';
  const evidence = [
    evidenceOf(holder, why, `${holder.label} ${WHY[why]}`),
    ...(isEnded ? [evidenceOf(end.holder, end.code, `${end.holder.label}: ${end.code}`)] : []),
  ];
  return {
    answer: {
      state: resolution === undefined ? 'open' : 'resolved',
      ...(resolution !== undefined && { resolution }),
      anchor: { key: `${holder.id}|upn`, from },
      ...{ message: 'about-to', severity: 'info', stage: 'watch', count: 1 },
      ...{ since: from, firstSeenAt: from },
      lastSeenAt: isEnded ? end.at : earliest(holder.at, lapse),
      facts: { holder: holder.id, holderName: holder.label, mail: holder.mail, why },
      evidence,
    },
    ...(resolution === undefined && { asks: lapse }),
  };
}

const WHY = {
  disabled: 'was disabled',
  'mail-changed': 'goes by another mail address',
} as const;
