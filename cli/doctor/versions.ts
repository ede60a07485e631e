import type { Environment } from '../../shared/config/detectors';
import { DETECTORS } from '../../shared/detectors/index';
import type { Check } from './check';

/** `engines` of package.json, and what Flex Consumption runs. */
const LEAST = 22;
const DEPLOYED = [22, 24];

/** What runs here. */
export function lookAtVersions(
  crosscheck: string,
  node: string,
  environment: Environment,
): readonly Check[] {
  const major = Number(/^v(\d+)/.exec(node)?.[1]);
  const isInAzure = (environment['WEBSITE_SITE_NAME'] ?? '') !== '';
  const rules = DETECTORS.map(({ id, version }) => `${id} ${version}`).join(', ');
  return [
    { id: 'crosscheck', state: 'ok', says: `Crosscheck ${crosscheck} with ${rules}` },
    major >= LEAST
      ? {
          ...{ id: 'node', state: DEPLOYED.includes(major) ? 'ok' : 'warn' },
          says: `Node ${node}${DEPLOYED.includes(major) ? '' : `; it is tested on ${DEPLOYED.join(' and ')}`}`,
        }
      : {
          ...{ id: 'node', state: 'fail', says: `Node ${node} is too old` },
          remedy: `Use Node ${LEAST} or newer.`,
        },
    {
      id: 'runtime',
      state: 'ok',
      says: isInAzure ? 'this runs inside the Function App' : 'this runs at a terminal',
    },
  ];
}
