import { fromLog, ours } from './card-text';

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
/** A paragraph. */
export interface TextBlock {
  readonly type: 'TextBlock';
  readonly text: string;
  readonly wrap: true;
  readonly weight?: 'Bolder';
  readonly size?: 'Small' | 'Large';
  readonly isSubtle?: true;
  readonly separator?: true;
}
/** A row of two columns. */
export interface Fact {
  readonly title: string;
  readonly value: string;
}
interface FactSet {
  readonly type: 'FactSet';
  readonly facts: readonly Fact[];
}
/** What stands in a box of its own color. */
export interface Container {
  readonly type: 'Container';
  readonly id: string;
  readonly style: Style;
  readonly bleed: true;
  readonly items: readonly TextBlock[];
}
/** The color of a box. */
export type Style = 'attention' | 'warning' | 'accent' | 'good' | 'emphasis';
/** A button. */
export interface OpenUrl {
  readonly type: 'Action.OpenUrl';
  readonly title: string;
  readonly url: string;
}
/** Teams refuses more than 28 KB; what the flow adds is not ours to know. In UTF-8 bytes of the serialised message. */
export const MESSAGE_LIMIT = 24_576;

/** The largest that fits; the smallest always does, for every text in it is bounded. */
export function fitted<S>(
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

/** The message that holds a card. */
export function envelope(content: AdaptiveCard): TeamsMessage {
  const contentType = 'application/vnd.microsoft.card.adaptive';
  return { type: 'message', attachments: [{ contentType, contentUrl: null, content }] };
}

/** A card of these parts. */
export function adaptiveCard(
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

/** A paragraph; its content is Markdown. */
export function text(
  content: string,
  look: Partial<Omit<TextBlock, 'type' | 'text'>> = {},
): TextBlock {
  return { type: 'TextBlock', text: content, wrap: true, ...look };
}

/** What stands over a part of a card. */
export function heading(content: string): TextBlock {
  return text(content, { weight: 'Bolder', separator: true });
}

/** A line of our own in small print. */
export function small(content: string): TextBlock {
  return text(ours(content), { size: 'Small', isSubtle: true });
}

/** A name and a value from the log. */
export function fact(title: string, value: string): Fact {
  return { title: fromLog(title, 40), value: fromLog(value, 200) };
}

/** Names and values, one below the other. */
export function factSet(facts: readonly Fact[]): FactSet {
  return { type: 'FactSet', facts };
}

/** What stands over a message, in the color of what it says. */
export function banner(id: string, style: Style, items: readonly TextBlock[]): Container {
  return { type: 'Container', id: id.replace(/[^\w-]/g, ''), style, bleed: true, items };
}

/** A button; none without an address. */
export function openUrl(title: string, url: string | undefined): readonly OpenUrl[] {
  return url === undefined ? [] : [{ type: 'Action.OpenUrl', title, url }];
}
