import { DETECTORS } from '../detectors/index';
import { readConfig, type Config } from './config';
import { ConfigError, enabledSetting, isSettingOf, type Environment } from './detectors';
import { SETTINGS } from './settings';

/**
 * The settings as the functions use them: one that only a part of the app needs switches off that part, and is said in
 * status, health and every line of the log. Reading never stops for a channel. At a terminal every bad setting is an
 * error: there `readConfig` is asked.
 * @throws ConfigError that names every problem, when one of them is of a setting that everything needs.
 */
export function readConfigForTimers(environment: Environment): Config {
  try {
    return readConfig(environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) {
      throw error;
    }
    const parts = error.problems.map((problem) => partOf(problem));
    if (parts.includes(undefined)) {
      throw error;
    }
    const instead = Object.assign({}, ...parts.map((part) => part?.instead)) as Environment;
    const switchedOff = error.problems.map((problem, i) => `${problem}. ${parts[i]?.so ?? ''}`);
    return { ...readConfig({ ...environment, ...instead }), switchedOff };
  }
}

interface Part {
  /** What is read in place of the setting. */
  readonly instead: Environment;
  /** What follows until it is mended, as a sentence. */
  readonly so: string;
}

/** @returns undefined for a setting without which nothing may run. Problems begin with the name of their setting. */
function partOf(problem: string): Part | undefined {
  const [name = ''] = /^[A-Z][A-Z0-9_]*/.exec(problem) ?? [];
  const instead = { [name]: undefined };
  if (name === 'TEAMS_WEBHOOK_URL') {
    return { instead, so: 'Until it is mended no alert is posted to Teams; findings are kept.' };
  }
  if (name === 'DIGEST_ABOVE') {
    const value = SETTINGS.find((each) => each.name === name)?.default ?? '';
    return { instead, so: `Until it is mended it is ${value}.` };
  }
  const detector = DETECTORS.find((each) => isSettingOf(each, name));
  if (detector !== undefined) {
    const off = { ...instead, [enabledSetting(detector)]: 'false' };
    return { instead: off, so: `Until it is mended ${detector.id} does not run.` };
  }
  return name.startsWith('DETECTOR_') ? { instead, so: 'It changes nothing.' } : undefined;
}
