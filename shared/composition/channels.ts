import type { Config } from '../config/config';
import type { ConfiguredDetector } from '../domain/detector';
import type { ChannelId } from '../domain/findings/delivery';
import { LOG_READING } from '../pipeline/findings/log-reading';
import type { ConfiguredChannel } from '../pipeline/ports/channel';
import type { Clock } from '../pipeline/ports/clock';

/** The channels that alerts go to, in the order of the settings. */
export function buildChannels(config: Config, clock: Clock): Promise<readonly ConfiguredChannel[]> {
  return Promise.all(
    config.channels.map(async (id) => ({ id, channel: await CHANNEL_BUILDERS[id](config, clock) })),
  );
}

/** How each channel is built; undefined while something it needs is not set. */
const CHANNEL_BUILDERS: Readonly<
  Record<ChannelId, (config: Config, clock: Clock) => Promise<ConfiguredChannel['channel']>>
> = {
  teams: async ({ teamsWebhook: url, tenantId, detectors }, clock) => {
    if (url === undefined) {
      return undefined;
    }
    const { teamsChannel } = await import('../adapters/channels/teams/teams-channel');
    const context = { tenantId, runbookOf: (id: string) => runbookOf(detectors, id) };
    return teamsChannel({ url, fetch, clock, context });
  },
};

function runbookOf(detectors: readonly ConfiguredDetector[], id: string): readonly string[] {
  const known = [LOG_READING, ...detectors.map(({ detector }) => detector)];
  return known.find((detector) => detector.id === id)?.runbook ?? [];
}
