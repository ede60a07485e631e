import { isList, type Json } from '../../../domain/json';
import { SEVERITIES, type Severity } from '../../../domain/detector';
import type { Finding } from '../../../domain/findings/finding';
import type { Alert, AlertVerb } from '../../../domain/findings/transition';
import { stepFor } from '../../../domain/runbook';
import { capitalized } from '../../../domain/text';
import { byTime, toInstant, toMinute, type Instant } from '../../../domain/time';
import type { FindingPost, NoticePost, Post } from '../../../pipeline/ports/channel';
import {
  adaptiveCard,
  banner,
  fact,
  factSet,
  fitted,
  envelope,
  heading,
  openUrl,
  small,
  text,
  type AdaptiveCard,
  type Container,
  type Fact,
  type OpenUrl,
  type Style,
  type TeamsMessage,
  type TextBlock,
} from './adaptive-card';
import { bare, fromLog, ours } from './card-text';

/** What a card says beside its findings. */
export interface CardContext {
  /** The first steps of a detector's runbook; empty for a detector that is gone. */
  readonly runbookOf: (detectorId: string) => readonly string[];
  /** Where the findings page is; without it a card has no button to the finding. */
  readonly pageUrl?: string | undefined;
  readonly tenantId: string;
}

type Item = FindingPost['items'][number];

/**
 * The message for a post. Times are UTC, everything from the log is literal text. What does not fit is left out in
 * this order: facts, timeline, text; such a message says so and where the whole is.
 */
export function teamsMessage(post: Post, context: CardContext): TeamsMessage {
  if (post.form === 'notice') {
    return fitted([12, 6], 3, (lines) => noticeOf(post, context, lines));
  }
  const [item] = post.items;
  if (item === undefined) {
    throw new TypeError(`post ${post.id} holds no finding`);
  }
  switch (post.form) {
    case 'card':
      return fitted(CARD_SIZES, SMALLEST_CARD, (size) => cardOf(item, context, size));
    case 'line':
      return envelope(lineOf(item, context));
    case 'digest':
      return fitted([20, 12, 6], 3, (rows) => digestOf(post, context, rows));
  }
}

// --------------------------------------------------------------------------------------------------------- a card

/** How much of what a card shows. */
interface CardSize {
  readonly facts: number;
  readonly events: number;
  readonly text: number;
}
const WHOLE: CardSize = { facts: 12, events: 6, text: 2_500 };
const CARD_SIZES: readonly CardSize[] = [
  WHOLE,
  { ...WHOLE, facts: 4 },
  { ...WHOLE, facts: 0 },
  { ...WHOLE, facts: 0, events: 2 },
];
const SMALLEST_CARD: CardSize = { facts: 0, events: 2, text: 400 };

function cardOf(item: Item, context: CardContext, size: CardSize): AdaptiveCard {
  const { alert, finding } = item;
  const isWhole = size === WHOLE;
  const steps = context
    .runbookOf(finding.detector)
    .slice(0, 4)
    .map((step, i) => ({ title: String(i + 1), value: ours(stepFor(step, finding)) }));
  return adaptiveCard(
    fallbackOf(item),
    [
      headline(alert, finding),
      factSet([...whoAndWhen(finding), ...factsOf(finding, size.facts)]),
      heading('What happened'),
      factSet(timelineOf(finding, size.events)),
      heading('Why it matters'),
      text(fromLog(finding.summary, size.text)),
      ...(steps.length === 0 ? [] : [heading('First steps'), factSet(steps)]),
      ...(isWhole ? [] : [small('Shortened to fit: the whole is on the finding, under its id.')]),
      footer(item, context),
    ],
    actionsOf(finding, context),
  );
}

const STYLES = {
  info: 'emphasis',
  low: 'accent',
  medium: 'warning',
  high: 'attention',
  critical: 'attention',
} as const satisfies Record<Severity, Style>;

const NEWS = {
  opened: 'new finding',
  recorded: 'recorded',
  reopened: 'is back',
  escalated: 'severity raised',
  acknowledged: 'acknowledged',
  resolved: 'resolved',
  superseded: 'superseded',
  unsuppressed: 'no longer suppressed',
} as const satisfies Record<AlertVerb, string>;

function headline(alert: Alert, finding: Finding): Container {
  const { severity, title } = finding;
  return banner(`alert-${alert.id}`, STYLES[severity], [
    text(`${severity.toUpperCase()} severity · ${NEWS[alert.verb]}`, { weight: 'Bolder' }),
    text(fromLog(title, 80), { weight: 'Bolder', size: 'Large' }),
  ]);
}

const SUBJECT_LABELS: Readonly<Record<Finding['subject']['type'], string>> = {
  ...{ user: 'Who', group: 'Group', app: 'App', address: 'Address', log: 'What', count: 'What' },
};

function whoAndWhen(finding: Finding): Fact[] {
  const { subject, status, firstSeenAt, lastSeenAt, count, facts } = finding;
  const times = `${count.toLocaleString('en')}${facts['isAtLeast'] === true ? ' or more' : ''}`;
  const isUser = subject.type === 'user';
  return [
    fact(SUBJECT_LABELS[subject.type], subject.name ?? subject.id),
    ...(isUser ? [fact('User id', subject.id)] : []),
    fact('Status', status),
    fact('First seen', toMinute(firstSeenAt)),
    ...(lastSeenAt === firstSeenAt ? [] : [fact('Last seen', toMinute(lastSeenAt))]),
    ...(isUser || subject.type === 'app' ? [fact('Times seen', times)] : []),
  ];
}

/** What the detector noted, in its own order; what is absent or false says nothing. */
function factsOf(finding: Finding, most: number): Fact[] {
  return Object.entries(finding.facts)
    .filter(([name]) => name !== 'isAtLeast')
    .map(([name, value]) => [labelOf(name), shown(value)] as const)
    .filter(([, value]) => value !== '')
    .slice(0, most)
    .map(([label, value]) => fact(label, value));
}

/** `deviceName` is "Device name". */
function labelOf(name: string): string {
  const words = name.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return capitalized(words);
}

const LISTED = 5;

function shown(value: Json | undefined): string {
  if (value === undefined || value === null || value === false) {
    return '';
  }
  if (typeof value !== 'object') {
    return value === true ? 'yes' : timeOr(String(value));
  }
  const parts = (isList(value) ? value : Object.values(value)).map(shown).filter(Boolean);
  const more = parts.length > LISTED ? ` and ${parts.length - LISTED} more` : '';
  return `${parts.slice(0, LISTED).join(isList(value) ? ', ' : ': ')}${more}`;
}

function timeOr(value: string): string {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/.test(value)
    ? toMinute(toInstant(value))
    : value;
}

/** The evidence by time, and among it what did not happen; of too many the middle is left out. */
function timelineOf(finding: Finding, most: number): Fact[] {
  const { evidence, missing } = finding;
  const first = evidence.slice(0, Math.ceil(most / 2));
  const last = evidence.slice(first.length).slice(-Math.floor(most / 2));
  const rows = [...first, ...last].map(({ at, what }) => ({ at, what }));
  const didNot = missing && { at: missing.by, what: `${missing.what} by ${timeOfDay(missing.by)}` };
  return [...rows, ...(didNot === undefined ? [] : [didNot])]
    .toSorted(byTime)
    .map(({ at, what }) => fact(toMinute(at), what));
}

function timeOfDay(instant: Instant): string {
  return instant.slice(11, 16);
}

// --------------------------------------------------------------------------------------------------------- a line

function lineOf(item: Item, context: CardContext): AdaptiveCard {
  const { alert, finding } = item;
  const { severity, title, subject } = finding;
  const isEnd = alert.verb === 'resolved' || alert.verb === 'superseded';
  const said = [
    isEnd
      ? `${capitalized(NEWS[alert.verb])} (was ${severity} severity)`
      : `${severity.toUpperCase()} severity`,
    bare(title, 80),
    bare(subject.name ?? subject.id, 120),
    isEnd
      ? bare(reasonOf(finding), 160)
      : alert.verb === 'unsuppressed'
        ? `still open, ${NEWS[alert.verb]}`
        : 'goes on from an earlier finding',
  ];
  return adaptiveCard(
    fallbackOf(item),
    [
      banner(`alert-${alert.id}`, isEnd ? 'good' : STYLES[severity], [
        text(fromLog(said.join(' · '), 500)),
      ]),
      footer(item, context),
    ],
    actionsOf(finding, context).slice(0, context.pageUrl === undefined ? 0 : 1),
  );
}

/** Why it ended, from the code of the resolution. */
function reasonOf({ resolution = 'resolved', supersededBy }: Finding): string {
  return supersededBy === undefined
    ? resolution.replaceAll('-', ' ')
    : `no longer holds, because of ${supersededBy}`;
}

// ------------------------------------------------------------------------------------------------------- a digest

function digestOf(post: FindingPost, context: CardContext, most: number): AdaptiveCard {
  const findings = post.items
    .map((item) => item.finding)
    .toSorted((a, b) => rankOf(b) - rankOf(a) || (a.firstSeenAt < b.firstSeenAt ? 1 : -1));
  const worst = findings[0]?.severity ?? 'info';
  const more = findings.length - most;
  const amount = `${findings.length.toLocaleString('en')} ${findings.length === 1 ? 'finding' : 'findings'}`;
  return adaptiveCard(
    `Crosscheck: ${amount} (${countsOf(findings)}). Digest ${bare(post.id, 80)}.`,
    [
      banner(`digest-${post.id}`, STYLES[worst], [
        text(`${worst.toUpperCase()} severity at most · ${countsOf(findings)}`, {
          weight: 'Bolder',
        }),
        text(`${amount} at once`, { weight: 'Bolder', size: 'Large' }),
      ]),
      ...findings.slice(0, most).map(rowOf),
      ...(more > 0 ? [text(`and ${more.toLocaleString('en')} more`, { separator: true })] : []),
      small(
        `Digest ${post.id} · tenant ${context.tenantId} · all findings: crosscheck findings · times in UTC`,
      ),
    ],
    openUrl('Open findings', context.pageUrl),
  );
}

function rowOf(finding: Finding): TextBlock {
  const { severity, title, subject, firstSeenAt, id } = finding;
  const who = bare(subject.name ?? subject.id, 100);
  const what = `${severity.toUpperCase()} · ${bare(title, 80)} · ${who}`;
  return text(fromLog(`${what} · ${toMinute(firstSeenAt)} · finding ${id}`, 320), {
    separator: true,
  });
}

function rankOf(finding: Finding): number {
  return SEVERITIES.indexOf(finding.severity);
}

/** "2 high, 9 medium" */
function countsOf(findings: readonly Finding[]): string {
  return SEVERITIES.toReversed()
    .map(
      (severity) =>
        [findings.filter((each) => each.severity === severity).length, severity] as const,
    )
    .filter(([count]) => count > 0)
    .map(([count, severity]) => `${count.toLocaleString('en')} ${severity}`)
    .join(', ');
}

// ------------------------------------------------------------------------------------------------------- a notice

function noticeOf({ notice }: NoticePost, context: CardContext, most: number): AdaptiveCard {
  const { id, title, lines } = notice;
  return adaptiveCard(
    `Crosscheck: ${bare(title, 80)}. Notice ${bare(id, 80)}.`,
    [
      banner(`notice-${id}`, 'good', [text(ours(title, 80), { weight: 'Bolder', size: 'Large' })]),
      ...lines.slice(0, most).map((line) => text(ours(line))),
      small(`Notice ${id} · tenant ${context.tenantId} · times in UTC`),
    ],
    openUrl('Open Crosscheck', context.pageUrl),
  );
}

// ------------------------------------------------------------------------------------------------------ the parts

/** The finding's id is always on the card: a button may be missing, and the alert's id tells a repeat from news. */
function footer({ alert, finding }: Item, { tenantId }: CardContext): TextBlock {
  return small(`Finding ${finding.id} · alert ${alert.id} · tenant ${tenantId} · times in UTC`);
}

function fallbackOf({ alert, finding }: Item): string {
  const { severity, title, id } = finding;
  return `Crosscheck, ${severity} severity, ${NEWS[alert.verb]}: ${bare(title, 80)}. Finding ${id}, alert ${alert.id}.`;
}

const USER_PAGE =
  'https://entra.microsoft.com/#view/Microsoft_AAD_UsersAndTenants/UserProfileMenuBlade/~/overview/userId/';

function actionsOf({ id, subject }: Finding, { pageUrl }: CardContext): OpenUrl[] {
  const user = encodeURIComponent(subject.id.toWellFormed().slice(0, 200));
  return [
    ...openUrl('Open finding', pageUrl && pageOf(pageUrl, id)),
    ...(subject.type === 'user' ? openUrl('Open user in Entra', `${USER_PAGE}${user}`) : []),
  ];
}

function pageOf(pageUrl: string, findingId: string): string {
  const url = new URL(pageUrl);
  url.searchParams.set('finding', findingId);
  return url.href;
}
