import { whichRun } from '../../cli/doctor/settings';
import {
  ConfigError,
  configureDetectors,
  detectorSettings,
  switchOf,
} from '../../shared/config/detectors';
import { mfaRegistrationUnfinished } from '../../shared/detectors/mfa-registration-unfinished';
import { defineDetector, type Detector, type RunsByDefault } from '../../shared/domain/detector';

const ACCOUNTS = { kind: 'texts', default: '', meaning: 'Whose.' } as const;

/** A detector with a list of accounts, and when it runs. */
function running(id: string, runs?: RunsByDefault): Detector {
  const { retain: _retain, join: _join, ...like } = mfaRegistrationUnfinished;
  const settings = { accounts: ACCOUNTS };
  return defineDetector({ ...like, id, settings, retain: '30d', runs: runs ?? 'always' });
}

const ALWAYS = running('always');
const NEVER = running('never', 'off');
const NAMED = running('named', { whenSet: 'accounts' });
const ALL = [ALWAYS, NEVER, NAMED];

function on(environment: Readonly<Record<string, string>>): readonly string[] {
  return configureDetectors(environment, ALL).map(({ detector }) => detector.id);
}

describe('shared/config/detectors', () => {
  it.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
    ['nothing is set', {}, ['always']],
    ['one is switched off', { DETECTOR_ALWAYS_ENABLED: 'false' }, []],
    ['one is switched on', { DETECTOR_NEVER_ENABLED: 'true' }, ['always', 'never']],
    ['what one waits for is set', { DETECTOR_NAMED_ACCOUNTS: 'a' }, ['always', 'named']],
    ['what one waits for is blank', { DETECTOR_NAMED_ACCOUNTS: ' ' }, ['always']],
    [
      'one is switched off although it is set',
      { DETECTOR_NAMED_ACCOUNTS: 'a', DETECTOR_NAMED_ENABLED: 'false' },
      ['always'],
    ],
    [
      'one is switched on, and it is set',
      { DETECTOR_NAMED_ACCOUNTS: 'a', DETECTOR_NAMED_ENABLED: 'true' },
      ['always', 'named'],
    ],
    ['a list is set of one that is off', { DETECTOR_NEVER_ACCOUNTS: 'a' }, ['always']],
  ])('runs what it should when %s', (_when, environment, expected) => {
    expect(on(environment)).toEqual(expected);
  });

  it('refuses to switch on one that has nothing to look at, and says what it lacks', () => {
    const run = (): unknown => on({ DETECTOR_NAMED_ENABLED: 'true' });

    expect(run).toThrow(ConfigError);
    expect(run).toThrow(
      'DETECTOR_NAMED_ENABLED is true, and DETECTOR_NAMED_ACCOUNTS is not set, without which named has nothing',
    );
  });

  it('says for each when it runs', () => {
    const said = detectorSettings(ALL).filter(({ name }) => name.endsWith('_ENABLED'));

    expect(said.map((each) => [each.default, each.meaning])).toEqual([
      ['true', 'Whether always runs.'],
      ['false', 'Whether never runs.'],
      ['', 'Whether named runs. Not set: when DETECTOR_NAMED_ACCOUNTS is set.'],
    ]);
    expect(ALL.map(switchOf)).toEqual([
      undefined,
      'DETECTOR_NEVER_ENABLED=true',
      'DETECTOR_NAMED_ACCOUNTS',
    ]);
  });

  it('lets doctor say which are off, and what switches them on', () => {
    const check = (environment: Readonly<Record<string, string>>): string =>
      whichRun({ detectors: configureDetectors(environment, ALL) }, ALL).says;

    expect(check({ DETECTOR_ALWAYS_ENABLED: 'false' })).toBe(
      '0 of 3 detectors are on; off: always (see DETECTOR_ALWAYS_ENABLED), never (DETECTOR_NEVER_ENABLED=true), ' +
        'named (see DETECTOR_NAMED_ACCOUNTS)',
    );
    expect(check({ DETECTOR_NEVER_ENABLED: 'true', DETECTOR_NAMED_ACCOUNTS: 'a' })).toBe(
      'all 3 detectors are on',
    );
  });
});
