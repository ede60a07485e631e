import { readConfig, type Config } from '../../shared/config/config';
import {
  ConfigError,
  enabledSetting,
  switchOf,
  type Environment,
} from '../../shared/config/detectors';
import { allSettings } from '../../shared/config/settings';
import { DETECTORS } from '../../shared/detectors/index';
import type { Detector } from '../../shared/domain/detector';
import type { Check } from './check';

/** The settings as far as they can be used. */
export interface ReadSettings {
  readonly checks: readonly Check[];
  /** With the broken ones left out; absent when nothing can be done without them. */
  readonly config?: Config;
  /** Which of these cannot be used, or is one that takes another's place. */
  readonly brokenOf: (...names: readonly string[]) => string | undefined;
}

const REFERENCE = '@Microsoft.KeyVault(';
/** For the checks that need none of these: a setting that is broken is not used. */
const PLACEHOLDERS = {
  TENANT_ID: '00000000-0000-0000-0000-000000000000',
  GRAPH_BASE_URL: 'http://127.0.0.1',
  TABLES_CONNECTION: 'UseDevelopmentStorage=true',
};

/** Reads all settings, names every problem, and saves what can be used for the other checks. */
export function readSettings(environment: Environment): ReadSettings {
  try {
    const config = readConfig(environment);
    const says = `all ${allSettings().length} settings can be used, ${count(config)} of them are set`;
    const checks: readonly Check[] = [{ id: 'settings', state: 'ok', says }];
    return { checks: [...checks, whichRun(config)], config, brokenOf: () => undefined };
  } catch (error) {
    if (!(error instanceof ConfigError)) {
      throw error;
    }
    const problems = error.problems.map((text) => problemOf(text, environment));
    const broken = problems.map(({ id }) => id);
    const config = withoutBroken(environment, broken);
    return {
      checks: config === undefined ? problems : [...problems, whichRun(config)],
      ...(config !== undefined && { config }),
      brokenOf: (...names) => broken.find((each) => names.includes(each)),
    };
  }
}

/** Which detectors are on, and how to switch on the others. */
export function whichRun(
  { detectors }: Pick<Config, 'detectors'>,
  all: readonly Detector[] = DETECTORS,
): Check {
  const on = detectors.map(({ detector }) => detector.id);
  const off = all.filter(({ id }) => !on.includes(id));
  const howTo = off.map((each) => {
    if (each.runs === 'with-directory') {
      return `${each.id} (looks at exported pages of the directory: crosscheck analyze)`;
    }
    const by = switchOf(each) ?? enabledSetting(each);
    return `${each.id} (${by.endsWith('=true') ? '' : 'see '}${by})`;
  });
  const says =
    off.length === 0
      ? `all ${all.length} detectors are on`
      : `${on.length} of ${all.length} detectors are on; off: ${howTo.join(', ')}`;
  return { id: 'detectors', state: 'ok', says };
}

/** What a group says that a broken setting keeps from being looked at. */
export function notLookedAt(id: string, setting: string): readonly Check[] {
  const says = `not looked at: ${setting} cannot be used`;
  return [{ id, state: 'warn', says, remedy: 'Mend the setting first, see above.' }];
}

function problemOf(text: string, environment: Environment): Check {
  const id = /^[A-Z][A-Z0-9_]*/.exec(text)?.[0] ?? 'settings';
  const isReference = environment[id]?.trim().startsWith(REFERENCE) === true;
  const says = isReference ? `${id} is a Key Vault reference that was not resolved` : text;
  const remedy = isReference
    ? 'Check that the secret exists and that the identity of the app has the role "Key Vault Secrets User", then restart the app; at a terminal give the value itself.'
    : 'docs/configuration.md says what each setting takes.';
  return { id, state: 'fail', says, remedy };
}

function withoutBroken(environment: Environment, broken: readonly string[]): Config | undefined {
  const isOfTables = (name: string): boolean => name.startsWith('TABLES_');
  const left = Object.entries(environment).filter(
    ([name]) => !broken.includes(name) && !(broken.some(isOfTables) && isOfTables(name)),
  );
  const fill = Object.entries(PLACEHOLDERS).filter(
    ([name]) => broken.includes(name) || (isOfTables(name) && broken.some(isOfTables)),
  );
  try {
    return readConfig(Object.fromEntries([...left, ...fill]));
  } catch {
    return undefined; // one depends on another
  }
}

function count({ shown }: Config): number {
  return shown.filter((each) => !each.isDefault).length;
}
