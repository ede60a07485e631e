import { DETECTORS } from '../detectors/index';
import {
  MAX_TEXT_LENGTH,
  MAX_TEXTS,
  parseSetting,
  type ConfiguredDetector,
  type Detector,
  type SettingSpec,
  type Stage,
} from '../domain/detector';
import { CrosscheckError } from '../domain/errors';

/** Environment variables, as the platform or a terminal hands them over. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings that cannot be used, all of them at once. */
export class ConfigError extends CrosscheckError {
  override readonly name = 'ConfigError';
  override readonly exitCode = 2;
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the settings cannot be used:\n${problems.map((each) => `- ${each}`).join('\n')}`);
    this.problems = problems;
  }
}

/** One setting of a detector: its name in the environment, and what it takes. */
export interface DetectorSetting {
  readonly name: string;
  readonly default: string;
  readonly takes: string;
  readonly meaning: string;
}

/** `DETECTOR_MFA_REGISTRATION_UNFINISHED_GRACE` */
function nameOf(detector: Detector, setting: string): string {
  return `DETECTOR_${`${detector.id}_${setting}`.replaceAll('-', '_').toUpperCase()}`;
}

/** The setting that switches a detector on and off. */
export function enabledSetting(detector: Detector): string {
  return nameOf(detector, 'enabled');
}

/** What switches a detector on that is off by default; absent where it needs nothing. */
export function switchOf(detector: Detector): string | undefined {
  const { runs } = detector;
  return runs === 'always' || runs === 'with-directory'
    ? undefined
    : runs === 'off'
      ? `${enabledSetting(detector)}=true`
      : nameOf(detector, runs.whenSet);
}

/** Whether a detector takes a setting of this name. */
export function isSettingOf(detector: Detector, name: string): boolean {
  return detectorSettings([detector]).some((each) => each.name === name);
}

/** Every setting that the registered detectors take. */
export function detectorSettings(
  detectors: readonly Detector[] = DETECTORS,
): readonly DetectorSetting[] {
  return detectors.flatMap((detector) => [
    enabledSettingOf(detector),
    {
      name: nameOf(detector, 'stage'),
      default: 'alert',
      takes: 'alert or watch',
      meaning: `watch stores and shows what ${detector.id} finds, and alerts nobody.`,
    },
    ...Object.entries(detector.settings).map(([setting, spec]) => ({
      name: nameOf(detector, setting),
      default: spec.default,
      takes: TAKES[spec.kind],
      meaning: spec.meaning,
    })),
  ]);
}

function enabledSettingOf(detector: Detector): DetectorSetting {
  const { runs, id } = detector;
  const setting = { name: enabledSetting(detector), takes: 'true or false' };
  if (runs === 'with-directory') {
    const meaning = `Whether ${id} runs. Not set: where the directory is read, so with crosscheck analyze.`;
    return { ...setting, default: '', meaning };
  }
  if (typeof runs === 'string') {
    return { ...setting, default: String(runs === 'always'), meaning: `Whether ${id} runs.` };
  }
  const meaning = `Whether ${id} runs. Not set: when ${nameOf(detector, runs.whenSet)} is set.`;
  return { ...setting, default: '', meaning };
}

/**
 * The enabled detectors with their thresholds.
 * @param readsDirectory what is read may hold objects of the directory; the logs that are polled hold none.
 * @throws ConfigError naming every setting that is unknown or has an impossible value.
 */
export function configureDetectors(
  environment: Environment,
  detectors: readonly Detector[] = DETECTORS,
  readsDirectory = false,
): readonly ConfiguredDetector[] {
  const problems = unknownNames(environment, detectors);
  const configured = detectors.flatMap((detector) => {
    const read = (setting: string): string | undefined =>
      blankToUndefined(environment[nameOf(detector, setting)]);
    const complain = (setting: string, takesText: string): void => {
      problems.push(
        `${nameOf(detector, setting)} takes ${takesText}, not "${shown(read(setting))}"`,
      );
    };
    const settings = Object.entries(detector.settings).map(([setting, spec]) => {
      try {
        return [setting, parseSetting(spec, read(setting) ?? spec.default)] as const;
      } catch {
        complain(setting, TAKES[spec.kind]);
        return [setting, NaN] as const;
      }
    });
    const needed = typeof detector.runs === 'object' ? detector.runs.whenSet : undefined;
    const isBlind = detector.runs === 'with-directory' && !readsDirectory;
    const canRun = (needed === undefined || read(needed) !== undefined) && !isBlind;
    const enabled = read('enabled') ?? String(detector.runs !== 'off' && canRun);
    if (enabled !== 'true' && enabled !== 'false') {
      complain('enabled', 'true or false');
    } else if (enabled === 'true' && isBlind) {
      problems.push(
        `${nameOf(detector, 'enabled')} is true, and the directory is not polled; ${detector.id} looks at exported pages ` +
          'of it: run crosscheck analyze',
      );
    } else if (enabled === 'true' && needed !== undefined && !canRun) {
      problems.push(
        `${nameOf(detector, 'enabled')} is true, and ${nameOf(detector, needed)} is not set, without which ` +
          `${detector.id} has nothing to look at`,
      );
    }
    const stage = read('stage') ?? 'alert';
    if (!isStage(stage)) {
      complain('stage', 'alert or watch');
    }
    return enabled === 'false' || !isStage(stage)
      ? []
      : [{ detector, settings: Object.fromEntries(settings), stage }];
  });
  if (problems.length > 0) {
    throw new ConfigError(problems);
  }
  return configured;
}

function unknownNames(environment: Environment, detectors: readonly Detector[]): string[] {
  const known = detectorSettings(detectors).map((setting) => setting.name);
  return Object.keys(environment)
    .filter((name) => environment[name] !== undefined)
    .filter((name) => name.startsWith('DETECTOR_') && !known.includes(name))
    .map((name) => `${name} is not a setting; known are ${known.join(', ')}`);
}

const TAKES: Readonly<Record<SettingSpec['kind'], string>> = {
  duration: 'a duration like 90s, 60m, 3h or 30d',
  count: 'a whole number',
  flag: 'true or false',
  texts: `texts with commas between them, at most ${MAX_TEXTS} of ${MAX_TEXT_LENGTH} characters`,
};

function isStage(text: string): text is Stage {
  return text === 'alert' || text === 'watch';
}

function shown(value = ''): string {
  return value.length > 40 ? `${value.slice(0, 40)}...` : value;
}

// An empty app setting means "not set": portals and templates write those.
function blankToUndefined(value: string | undefined): string | undefined {
  const trimmed = value?.trim();
  return trimmed === '' ? undefined : trimmed;
}
