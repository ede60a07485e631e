import { bootstrapNotFinished } from '../../shared/detectors/bootstrap-not-finished';
import { easSuccessDespiteCaFailure } from '../../shared/detectors/eas-success-despite-ca-failure';
import { mfaRegistrationUnfinished } from '../../shared/detectors/mfa-registration-unfinished';
import { registrationWithoutOutcome } from '../../shared/detectors/registration-without-outcome';
import type { Detector } from '../../shared/domain/detector';
import { HOUR } from '../../shared/domain/time';
import { configured } from '../fakes/run';
import { evaluate, type Evaluated, type EvaluationOptions } from './evaluate';
import { BOOTSTRAP_TALES } from './stories/bootstrap';
import { EAS_TALES } from './stories/eas';
import { MFA_TALES } from './stories/mfa';
import { OUTCOME_TALES } from './stories/outcome';

jest.setTimeout(60_000); // days of polls take seconds, and more under the coverage of the whole suite

const SMALL = {
  ...{ users: 60, days: 3, warmUp: 1, seed: 1, mode: 'easy', pollEvery: HOUR },
  storiesPerDay: 150,
} as const satisfies EvaluationOptions;

/** Of one detector, which may be a faulty one, and the stories that are about it. */
function evaluated(
  detector: Detector,
  tales: EvaluationOptions['tales'],
  more: Partial<EvaluationOptions> = {},
): Promise<Evaluated> {
  return evaluate({
    ...SMALL,
    ...(tales && { tales }),
    detectors: configured([detector]),
    ...more,
  });
}

function storiesOf({ faults }: Evaluated, kind: string): Set<string | undefined> {
  return new Set(faults.filter((each) => each.kind === kind).map(({ story }) => story));
}

describe('evaluation', () => {
  it.each([
    ['ActiveSync', easSuccessDespiteCaFailure, EAS_TALES],
    ['unfinished registrations', mfaRegistrationUnfinished, MFA_TALES],
    ['registrations without outcome', registrationWithoutOutcome, OUTCOME_TALES],
    ['what an administrator began', bootstrapNotFinished, BOOTSTRAP_TALES],
  ])('finds every story of %s and nothing else', async (_what, detector, tales) => {
    const { scores, faults } = await evaluated(detector, tales);

    expect(faults).toEqual([]);
    expect(scores[0]?.found).toBeGreaterThan(5);
  });

  it('tells the same of the same seed, and something else of another', async () => {
    const short = { users: 20, days: 1, warmUp: 0 };
    const one = await evaluated(easSuccessDespiteCaFailure, EAS_TALES, short);
    const again = await evaluated(easSuccessDespiteCaFailure, EAS_TALES, short);
    const other = await evaluated(easSuccessDespiteCaFailure, EAS_TALES, { ...short, seed: 2 });

    expect(again).toEqual(one);
    expect(other.rows).not.toBe(one.rows);
  });

  describe('notices', () => {
    it('a detector that is silent: every story is missed', async () => {
      const silent = { ...easSuccessDespiteCaFailure, assess: () => ({ findings: [] }) };

      const { scores, faults } = await evaluated(silent, EAS_TALES);

      expect(scores[0]).toMatchObject({ found: 0, falseAlerts: 0, falseFindings: 0 });
      expect(scores[0]?.missed).toBeGreaterThan(5);
      expect(faults).toHaveLength(scores[0]?.missed ?? 0);
    });

    it('a detector that shouts: look-alikes and everyday life are false alerts', async () => {
      const shouting: Detector = {
        ...easSuccessDespiteCaFailure,
        signals: (record) =>
          easSuccessDespiteCaFailure.signals(
            record.source === 'signIns' ? { ...record, conditionalAccess: 'failure' } : record,
          ),
      };

      const run = await evaluated(shouting, EAS_TALES, { warmUp: 0 });

      expect(run.scores[0]?.missed).toBe(0);
      expect(storiesOf(run, 'false alert')).toContain('eas-report-only');
      expect(storiesOf(run, 'false alert')).toContain(undefined);
    });

    it('a threshold that is too low: the look-alike just below it is a false alert', async () => {
      const detectors = configured([registrationWithoutOutcome], { starts: 2 });

      const run = await evaluate({ ...SMALL, detectors, tales: OUTCOME_TALES });

      expect(storiesOf(run, 'false alert')).toEqual(new Set(['passkey-twice']));
    });

    it('a threshold that is too high: the stories below it are missed', async () => {
      const detectors = configured([registrationWithoutOutcome], { starts: 6 });

      const run = await evaluate({ ...SMALL, detectors, tales: OUTCOME_TALES });

      expect(storiesOf(run, 'missed')).toContain('passkey-without-outcome');
      expect(storiesOf(run, 'missed')).not.toContain('passkey-thirteen-times');
    });

    it('a detector that only records: nobody is alerted, so the stories are missed', async () => {
      const detectors = configured([easSuccessDespiteCaFailure]).map((each) => ({
        ...each,
        stage: 'watch' as const,
      }));

      const run = await evaluate({ ...SMALL, detectors, tales: EAS_TALES });

      expect(run.scores[0]).toMatchObject({ found: 0, alerts: 0 });
    });
  });
});
