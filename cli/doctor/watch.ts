import { capitalized } from '../../shared/domain/text';
import type { Config } from '../../shared/config/config';
import { needsSource } from '../../shared/domain/detector';
import { toMinute } from '../../shared/domain/time';
import { coverageReport } from '../../shared/pipeline/queries/coverage-report';
import { countText } from '../../shared/pipeline/queries/counts';
import {
  damagedInWords,
  damagedRemedy,
  gravestFirst,
} from '../../shared/pipeline/audit-trail/damaged';
import { health } from '../../shared/pipeline/queries/health';
import type { Now } from '../../shared/pipeline/ports/clock';
import type { Stores } from '../../shared/pipeline/ports/stores';
import type { Check } from './check';
import { idsOf } from './sign-in';

/** What the functions last did, from the stores alone. */
export async function lookAtWatch(
  stores: Stores,
  config: Config,
  clock: Now,
): Promise<readonly Check[]> {
  const { detectors, tenantId } = config;
  // Whether each is configured has a check of its own.
  const channels = config.channels.map((id) => ({ id, isConfigured: true }));
  const state = await health(stores, detectors, { tenantId, channels, clock });
  const { sources } = await coverageReport(stores, detectors, clock);
  const checks: Check[] = [];
  for (const { source, lastReadAt, completeTo } of state.sources) {
    const costs = idsOf(config, (each) => needsSource(each, source));
    const problem = state.problems.find((each) => each.startsWith(`${source} `));
    const complete = completeTo === undefined ? '' : `, complete to ${toMinute(completeTo)}`;
    checks.push(
      problem === undefined
        ? {
            ...{ id: `poll-${source}`, state: 'ok' },
            says: `${source} was last read at ${toMinute(lastReadAt ?? clock.now())}${complete}`,
          }
        : { id: `poll-${source}`, state: 'fail', ...sentences(problem), costs },
    );
    const gaps = sources
      .filter((each) => each.source === source)
      .flatMap((each) => each.stretches.filter((stretch) => stretch.state === 'gap'));
    const [first] = gaps;
    if (first !== undefined) {
      const more = gaps.length === 1 ? '' : ` and ${gaps.length - 1} more`;
      checks.push({
        ...{ id: `coverage-${source}`, state: 'warn', costs },
        says: `${source} has gaps, over which nothing is concluded: ${toMinute(first.from)} to ${toMinute(first.to)}${more}`,
        remedy: 'crosscheck coverage says why, and whether crosscheck backfill fills them.',
      });
    } else if (lastReadAt !== undefined) {
      const says = `the coverage of ${source} has no gap`;
      checks.push({ id: `coverage-${source}`, state: 'ok', says });
    }
  }
  checks.push(
    ...state.notes.map((says, i): Check => ({ id: `note-${i + 1}`, state: 'warn', says })),
    ...state.counts.map((each, i): Check => ({
      id: `count-${i + 1}`,
      state: 'ok',
      says: countText(each),
    })),
  );
  const [gravest, ...others] = gravestFirst(await stores.damaged.list());
  if (gravest !== undefined) {
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    checks.push({
      ...{ id: 'stored-rows', state: 'fail' },
      says: `stored rows cannot be read: ${damagedInWords(gravest)}${more}`,
      remedy: `${damagedRemedy([gravest, ...others])}.`,
    });
  }
  const { dead, waiting } = state.alerts;
  checks.push(
    dead > 0
      ? {
          ...{ id: 'alerts', state: 'fail' },
          says: `${dead} alerts could not be delivered and were given up`,
          remedy: 'GET /api/status names them; fix the webhook, then POST /api/alerts/{id}/resend.',
        }
      : { id: 'alerts', state: 'ok', says: `no alert was given up, ${waiting} are on their way` },
  );
  return checks;
}

/** Problems of health end in what to do. */
function sentences(problem: string): { readonly says: string; readonly remedy?: string } {
  const [says = '', ...remedy] = problem.split(/; |\. (?=[A-Z])/);
  return remedy.length === 0
    ? { says }
    : {
        says,
        remedy: remedy.map(capitalized).join('. '),
      };
}
