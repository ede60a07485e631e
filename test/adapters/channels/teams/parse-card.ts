import type * as AdaptiveCards from 'adaptivecards';
import type { TeamsMessage } from '../../../../shared/adapters/channels/teams/adaptive-card';

// The package's own entry cannot be loaded by Node; this bundle can, and needs no browser to parse.
// eslint-disable-next-line @typescript-eslint/no-require-imports
const library = require('adaptivecards/dist/adaptivecards.js') as typeof AdaptiveCards;

/** What the Adaptive Cards library finds wrong with a message's card. */
export function faultsOf(message: TeamsMessage): string[] {
  const content = message.attachments[0].content;
  const context = new library.SerializationContext();
  const card = new library.AdaptiveCard();
  card.parse(JSON.parse(JSON.stringify(content)), context);
  const events = Array.from({ length: context.eventCount }, (_, i) => context.getEventAt(i));
  const missing = card.validateProperties().validationEvents;
  return [...events, ...missing].map((event) => event.message);
}
