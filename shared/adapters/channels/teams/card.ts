import { isList, type Json } from '../../../domain/json';
import { SEVERITIES, type Severity } from '../../../domain/detector';
import type { Finding } from '../../../domain/findings/finding';
import type { Alert, AlertVerb } from '../../../domain/findings/transition';
import { stepFor } from '../../../domain/runbook';
import { byTime, toInstant, toMinute, type Instant } from '../../../domain/time';
import type { FindingPost, NoticePost, Post } from '../../../pipeline/ports/channel';
import { bare, fromLog, ours } from './card-text';

/** What a card says beside its findings. */
export interface CardContext {
  /** The first steps of a detector's runbook; empty for a detector that is gone. */
  readonly runbookOf: (detectorId: string) => readonly string[];
  /** Where the findings page is; without it a card has no button to the finding. */
  readonly pageUrl?: string | undefined;
  readonly tenantId: string;
}

/** What the trigger "When a Teams webhook request is received" takes. */
export interface TeamsMessage {
  readonly type: 'message';
  readonly attachments: readonly [
    {
      readonly contentType: 'application/vnd.microsoft.card.adaptive';
      readonly contentUrl: null;
      readonly content: AdaptiveCard;
    },
  ];
}

/** The part of Adaptive Cards 1.4 that is used here. Nothing in it sends anything back: behind a webhook is no bot. */
export interface AdaptiveCard {
  readonly $schema: string;
  readonly type: 'AdaptiveCard';
  readonly version: '1.4';
  readonly msteams: { readonly width: 'Full' };
  readonly fallbackText: string;
  readonly body: readonly CardElement[];
  readonly actions: readonly OpenUrl[];
}
type CardElement = TextBlock | FactSet | Container;
interface TextBlock {
  readonly type: 'TextBlock';
  readonly text: string;
  readonly wrap: true;
  readonly weight?: 'Bolder';
  readonly size?: 'Small' | 'Large';
  readonly isSubtle?: true;
  readonly separator?: true;
}
interface Fact {
  readonly title: string;
  readonly value: string;
}
interface FactSet {
  readonly type: 'FactSet';
  readonly facts: readonly Fact[];
}
interface Container {
  readonly type: 'Container';
  readonly id: string;
  readonly style: Style;
  readonly bleed: true;
  readonly items: readonly TextBlock[];
}
type Style = 'attention' | 'warning' | 'accent' | 'good' | 'emphasis';
interface OpenUrl {
  readonly type: 'Action.OpenUrl';
  readonly title: string;
  readonly url: string;
}
type Item = FindingPost['items'][number];

/** Teams refuses more than 28 KB; what the flow adds is not ours to know. In UTF-8 bytes of the serialised message. */
export const MESSAGE_LIMIT = 24_576;

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

/** The largest that fits; the smallest always does, for every text in it is bounded. */
function fitted<S>(
  sizes: readonly S[],
  smallest: S,
  build: (size: S) => AdaptiveCard,
): TeamsMessage {
  for (const size of sizes) {
    const message = envelope(build(size));
    if (Buffer.byteLength(JSON.stringify(message)) < MESSAGE_LIMIT) {
      return message;
    }
  }
  return envelope(build(smallest));
}

function envelope(content: AdaptiveCard): TeamsMessage {
  const contentType = 'application/vnd.microsoft.card.adaptive';
  return { type: 'message', attachments: [{ contentType, contentUrl: null, content }] };
}

function adaptiveCard(
  fallbackText: string,
  body: readonly CardElement[],
  actions: readonly OpenUrl[],
): AdaptiveCard {
  return {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    msteams: { width: 'Full' },
    ...{ fallbackText, body, actions },
  };
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
    .map((step) => stepFor(step, finding));
  return adaptiveCard(
    fallbackOf(item),
    [
      headline(alert, finding),
      { type: 'FactSet', facts: [...whoAndWhen(finding), ...factsOf(finding, size.facts)] },
      heading('What happened'),
      { type: 'FactSet', facts: timelineOf(finding, size.events) },
      heading('Why it matters'),
      { type: 'TextBlock', text: fromLog(finding.summary, size.text), wrap: true },
      ...(steps.length === 0
        ? []
        : [
            heading('First steps'),
            {
              type: 'FactSet' as const,
              facts: steps.map((step, i) => ({ title: String(i + 1), value: ours(step) })),
            },
          ]),
      ...(isWhole
        ? []
        : [small(ours('Shortened to fit: the whole is on the finding, under its id.'))]),
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
  return {
    type: 'Container',
    id: idOf('alert', alert.id),
    style: STYLES[severity],
    bleed: true,
    items: [
      text(`${severity.toUpperCase()} severity · ${NEWS[alert.verb]}`, { weight: 'Bolder' }),
      text(fromLog(title, 80), { weight: 'Bolder', size: 'Large' }),
    ],
  };
}

function whoAndWhen(finding: Finding): Fact[] {
  const { subject, status, firstSeenAt, lastSeenAt, count, facts } = finding;
  const times = `${count.toLocaleString('en')}${facts['isAtLeast'] === true ? ' or more' : ''}`;
  const isUser = subject.type === 'user';
  return [
    fact(isUser ? 'Who' : 'What', subject.name ?? subject.id),
    ...(isUser ? [fact('User id', subject.id)] : []),
    fact('Status', status),
    fact('First seen', toMinute(firstSeenAt)),
    ...(lastSeenAt === firstSeenAt ? [] : [fact('Last seen', toMinute(lastSeenAt))]),
    ...(isUser ? [fact('Times seen', times)] : []),
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
  return words.charAt(0).toUpperCase() + words.slice(1);
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
      ? `${capital(NEWS[alert.verb])} (was ${severity} severity)`
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
      {
        type: 'Container',
        id: idOf('alert', alert.id),
        style: isEnd ? 'good' : STYLES[severity],
        bleed: true,
        items: [text(fromLog(said.join(' · '), 500))],
      },
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
      {
        type: 'Container',
        id: idOf('digest', post.id),
        style: STYLES[worst],
        bleed: true,
        items: [
          text(`${worst.toUpperCase()} severity at most · ${countsOf(findings)}`, {
            weight: 'Bolder',
          }),
          text(`${amount} at once`, { weight: 'Bolder', size: 'Large' }),
        ],
      },
      ...findings.slice(0, most).map(rowOf),
      ...(more > 0 ? [text(`and ${more.toLocaleString('en')} more`, { separator: true })] : []),
      small(
        ours(
          `Digest ${post.id} · tenant ${context.tenantId} · all findings: crosscheck findings · times in UTC`,
        ),
      ),
    ],
    context.pageUrl === undefined
      ? []
      : [{ type: 'Action.OpenUrl', title: 'Open findings', url: context.pageUrl }],
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
      {
        type: 'Container',
        id: idOf('notice', id),
        style: 'good',
        bleed: true,
        items: [text(ours(title, 80), { weight: 'Bolder', size: 'Large' })],
      },
      ...lines.slice(0, most).map((line) => text(ours(line))),
      small(ours(`Notice ${id} · tenant ${context.tenantId} · times in UTC`)),
    ],
    context.pageUrl === undefined
      ? []
      : [{ type: 'Action.OpenUrl', title: 'Open Crosscheck', url: context.pageUrl }],
  );
}

// ------------------------------------------------------------------------------------------------------ the parts

function text(content: string, look: Partial<Omit<TextBlock, 'type' | 'text'>> = {}): TextBlock {
  return { type: 'TextBlock', text: content, wrap: true, ...look };
}

function heading(content: string): TextBlock {
  return text(content, { weight: 'Bolder', separator: true });
}

function small(content: string): TextBlock {
  return text(content, { size: 'Small', isSubtle: true });
}

function fact(title: string, value: string): Fact {
  return { title: fromLog(title, 40), value: fromLog(value, 200) };
}

/** The finding's id is always on the card: a button may be missing, and the alert's id tells a repeat from news. */
function footer({ alert, finding }: Item, { tenantId }: CardContext): TextBlock {
  return small(
    ours(`Finding ${finding.id} · alert ${alert.id} · tenant ${tenantId} · times in UTC`),
  );
}

function fallbackOf({ alert, finding }: Item): string {
  const { severity, title, id } = finding;
  return `Crosscheck, ${severity} severity, ${NEWS[alert.verb]}: ${bare(title, 80)}. Finding ${id}, alert ${alert.id}.`;
}

function actionsOf({ id, subject }: Finding, { pageUrl }: CardContext): OpenUrl[] {
  const user = encodeURIComponent(subject.id.toWellFormed().slice(0, 200));
  return [
    ...(pageUrl === undefined
      ? []
      : [{ type: 'Action.OpenUrl' as const, title: 'Open finding', url: pageOf(pageUrl, id) }]),
    ...(subject.type === 'user'
      ? [
          {
            type: 'Action.OpenUrl' as const,
            title: 'Open user in Entra',
            url: `https://entra.microsoft.com/#view/Microsoft_AAD_UsersAndTenants/UserProfileMenuBlade/~/overview/userId/${user}`,
          },
        ]
      : []),
  ];
}

function pageOf(pageUrl: string, findingId: string): string {
  const url = new URL(pageUrl);
  url.searchParams.set('finding', findingId);
  return url.href;
}

function idOf(kind: string, id: string): string {
  return `${kind}-${id.replace(/[^\w-]/g, '')}`;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
