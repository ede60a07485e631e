import { buildMonitor, type Monitor } from '../shared/composition/monitor';
import { readConfig } from '../shared/config/config';
import type { Environment } from '../shared/config/detectors';
import type { Clock } from '../shared/pipeline/ports/clock';
import type { Stores } from '../shared/pipeline/ports/stores';
import { withLocalHost } from './local-environment';
import type { Terminal } from './print';

/** What every command works with. */
export interface World {
  readonly terminal: Terminal;
  readonly environment: Environment;
  readonly clock: Clock;
}

/**
 * The monitor of these settings, or of the local host that runs in this folder.
 * @throws ConfigError
 */
export function openMonitor({
  environment,
  clock,
}: Pick<World, 'environment' | 'clock'>): Promise<Monitor> {
  return buildMonitor(readConfig({ LOG_LEVEL: 'warn', ...withLocalHost(environment) }), clock);
}

/** @throws ConfigError */
export async function openStores(world: Pick<World, 'environment' | 'clock'>): Promise<Stores> {
  return (await openMonitor(world)).stores;
}
