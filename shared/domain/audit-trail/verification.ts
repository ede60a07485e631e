import { digestOf, type Linked } from '../hash-chain';
import { SEVERITIES } from '../detector';
import {
  anybody,
  changed,
  inserted,
  lookAtRow,
  meaningOf,
  removed,
  textOf,
  walk,
  type StoredText,
  type IntegrityFault,
} from './stored-text';
import { findingId, timelineId, type Finding } from '../findings/finding';
import type { Transition } from '../findings/transition';
import { LATE_WRITES } from './entries';
import { neededUntil, type RuleStep } from '../findings/suppression';
import { plus, type Instant } from '../time';
import { verifyAlerts } from './verified-alerts';
import type { Sealed, SealedHead, SealedRecord } from './verified-chain';

/** Compares a chain with what was sealed of it. */
function lookAtSeal(
  links: readonly (Linked & { readonly sequence: number; readonly at: Instant })[],
  sealed: SealedHead | undefined,
  through: Instant | undefined,
  name: string,
): IntegrityFault | undefined {
  const at = sealed && links[sealed.sequence - 1];
  if (sealed !== undefined && at === undefined) {
    return removed(
      `${name} ${links.length + 1}`,
      `entry ${sealed.by} of the chain says that there were ${sealed.sequence} rows, and there are ${links.length}`,
    );
  }
  if (sealed !== undefined && at?.hash !== sealed.head) {
    return changed(
      `${name} ${sealed.sequence}`,
      `entry ${sealed.by} of the chain has another hash of this row; it or a row before it was rewritten`,
    );
  }
  const from = sealed?.sequence ?? 0;
  const end = through === undefined ? undefined : plus(through, -LATE_WRITES);
  const late =
    end === undefined ? undefined : links.find((each) => each.sequence > from && each.at < end);
  return late === undefined
    ? undefined
    : inserted(
        `${name} ${late.sequence}`,
        `it is dated ${late.at}, and no seal of that time knows it`,
      );
}

// -------------------------------------------------------------------------------------------------------- findings

const KINDS: readonly StoredText['kind'][] = ['finding', 'history', 'alert'];

/** Looks at one finding, its history and its alerts. */
export function verifyFinding(
  id: string,
  rows: readonly StoredText[],
  sealed: Sealed,
): { readonly links: readonly Transition[]; readonly tampering: IntegrityFault | undefined } {
  const none: readonly Transition[] = [];
  const row = rows.find((each) => each.kind === 'finding');
  if (row === undefined && sealed.leaving.has(id)) {
    return { links: none, tampering: undefined }; // it is being purged, and findings go first
  }
  const stranger = rows.find((row) => !KINDS.includes(row.kind));
  if (stranger !== undefined) {
    return { links: none, tampering: lookAtRow(stranger, anybody) };
  }
  const history = rows.filter((row) => row.kind === 'history');
  const { links, tampering } = walk<Transition>(
    history,
    `history ${id}`,
    (value, row) => value.findingId === id && value.sequence === row.sequence,
  );
  return {
    links,
    tampering:
      tampering ??
      lookAtFinding(id, row, links) ??
      lookAtSealOf(id, links, sealed) ??
      verifyAlerts(
        id,
        links,
        rows.filter((row) => row.kind === 'alert'),
      ),
  };
}

function lookAtSealOf(
  id: string,
  links: readonly Transition[],
  { findings, through }: Sealed,
): IntegrityFault | undefined {
  const known = findings.get(id);
  // A finding that came up again after it was purged has a chain of its own.
  const isAnew = known?.gone !== undefined && links[known.sequence - 1]?.hash !== known.head;
  return lookAtSeal(links, isAnew ? undefined : known, through, `history ${id}`);
}

function lookAtFinding(
  id: string,
  row: StoredText | undefined,
  links: readonly Transition[],
): IntegrityFault | undefined {
  const last = links.at(-1);
  if (row === undefined) {
    const rest = last === undefined ? 'alerts are' : 'history is';
    return removed(`finding ${id}`, `its ${rest} there and the finding is not`);
  }
  const wrong = lookAtRow(row, (value: Finding) => value.id === id);
  if (wrong !== undefined) {
    return wrong;
  }
  const finding = meaningOf(row) as Finding;
  const { digest, movedAt } = row.columns ?? {};
  if (digest !== digestOf(row.value as Finding) || movedAt !== finding.movedAt) {
    return changed(row.place, 'its content does not match the digest beside it');
  }
  if (last === undefined || finding.sequence > last.sequence) {
    const missing = (last?.sequence ?? 0) + 1;
    return removed(
      `history ${id} ${missing}`,
      `the finding counts ${finding.sequence} rows of history, and there are ${links.length}`,
    );
  }
  if (finding.sequence < last.sequence) {
    const next = finding.sequence + 1;
    return inserted(`history ${id} ${next}`, `the finding counts ${finding.sequence} rows`);
  }
  const isSame =
    finding.head === last.hash &&
    finding.status === last.status &&
    finding.resolution === last.resolution &&
    finding.suppressed?.rule === last.suppressed?.rule &&
    finding.movedAt === last.at;
  return isSame
    ? lookAtWho(row.place, finding, links)
    : changed(row.place, 'it is not what the last row of its history says');
}

/** Of whom a finding is, since when, who decided on it and how grave it is: each stands elsewhere, too. */
function lookAtWho(
  place: string,
  finding: Partial<Finding>,
  links: readonly Transition[],
): IntegrityFault | undefined {
  const { id, tenantId, detector, subject, anchor } = finding;
  const names = [tenantId, detector, subject?.id, anchor?.key].map(String);
  const [tenant = '', by = '', of = '', from = ''] = names;
  if (findingId(timelineId(tenant, by, of), from) !== id) {
    return changed(place, 'its id is not that of its tenant, detector, subject and anchor');
  }
  if (finding.openedAt !== links[0]?.at) {
    return changed(place, 'it was opened at another time by the first row of its history');
  }
  const acted = links.findLast((link) => link.by !== 'crosscheck');
  if (textOf(actOf(finding.act)) !== textOf(acted === undefined ? null : actIn(acted))) {
    return changed(place, 'who decided on it is not what its history says');
  }
  // What is resolved may grow graver without a word: nobody is to act on it.
  const isGraver =
    SEVERITIES.indexOf(finding.severity ?? 'info') >
    SEVERITIES.indexOf(links.at(-1)?.severity ?? 'info');
  return isGraver && finding.status !== 'resolved'
    ? changed(place, 'it is graver than the last row of its history')
    : undefined;
}

const ACT_OF = { acknowledged: 'acknowledge', resolved: 'resolve', reopened: 'reopen' } as const;

function actIn({ verb, by, at, reason, note }: Transition): unknown {
  return actOf({ verb: ACT_OF[verb as keyof typeof ACT_OF], by, at, reason, note });
}

/** Rows of JSON have no field that is undefined. */
function actOf(act: object | undefined): unknown {
  return act === undefined ? null : JSON.parse(JSON.stringify(act));
}

// ----------------------------------------------------------------------------------------------- rules

/** Looks at the steps of all rules and holds. */
export function verifyRules(
  rows: readonly StoredText[],
  sealed: SealedRecord,
): readonly IntegrityFault[] {
  const found: (IntegrityFault | undefined)[] = [];
  const byRule = Map.groupBy(rows, (row) => row.id);
  for (const [id, ofRule] of byRule) {
    const stranger = ofRule.find((row) => row.kind !== 'rule');
    const { links, tampering } = walk<RuleStep>(
      ofRule.filter((row) => row.kind === 'rule'),
      `rule ${id}`,
      (value, row) => value.ruleId === id && value.sequence === row.sequence,
    );
    found.push(stranger && lookAtRow(stranger, anybody), tampering);
    if (tampering === undefined && stranger === undefined) {
      found.push(
        lookAtSeal(links, sealed.rules.get(id), sealed.through, `rule ${id}`) ??
          lookAtColumns(ofRule, links),
      );
    }
  }
  for (const [id, { by, sequence }] of sealed.rules) {
    if (!byRule.has(id)) {
      const detail = `entry ${by} of the chain names it with ${sequence} rows, and there are none`;
      found.push(removed(`rule ${id} 1`, detail));
    }
  }
  return found.filter((each) => each !== undefined);
}

/** Runs find the steps that they need by what stands beside these: nobody may hide one, or keep one for ever. */
function lookAtColumns(
  rows: readonly StoredText[],
  links: readonly RuleStep[],
): IntegrityFault | undefined {
  const [first] = links;
  const end = links.find(({ verb }) => verb !== 'added');
  const isSuppression = first?.verb === 'added' && first.rule.kind === 'suppression';
  for (const step of links) {
    const row = rows.find(({ sequence }) => sequence === step.sequence);
    const { neededUntil: until, propagated } = row?.columns ?? {};
    const isFine = isSuppression
      ? until === neededUntil(step, end, propagated === 'yes') &&
        (propagated === 'yes' || propagated === 'no')
      : until === undefined && propagated === undefined;
    if (row !== undefined && !isFine) {
      return changed(row.place, 'what stands beside it is not what the steps of the rule say');
    }
  }
  return undefined;
}
