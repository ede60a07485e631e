import { memoryStores } from '../../fakes/memory-stores';
import { easSuccessDespiteCaFailure } from '../../../shared/detectors/eas-success-despite-ca-failure';
import { mfaRegistrationUnfinished } from '../../../shared/detectors/mfa-registration-unfinished';
import { DETECTORS } from '../../../shared/detectors/index';
import {
  ActRefusedError,
  FindingBusyError,
  FindingNotFoundError,
  recordAct,
} from '../../../shared/pipeline/findings/decide';
import { drainMarks } from '../../../shared/pipeline/findings/assess';
import { keep } from '../../../shared/pipeline/findings/keep';
import { configureDetectors } from '../../../shared/config/detectors';
import {
  markEveryTimeline,
  noticeRuleChanges,
} from '../../../shared/pipeline/findings/rule-change';
import { select } from '../../../shared/pipeline/findings/select';
import type { Act } from '../../../shared/domain/findings/finding';
import { DAY, plus } from '../../../shared/domain/time';
import { around, Crash } from '../../fakes/crashing';
import { deviceAdded, easAccepted, minutes, nameOf } from '../../fakes/records';
import { configured, cover, deliver, drain, play, TENANT } from '../../fakes/run';
import { isTallied } from '../../../shared/domain/reading/tally';
import { END, inOrder, PLAIN, stepsOf } from '../../fakes/stories';
import { marked } from '../../fakes/marked';

const ADDED = deviceAdded({ id: 'a1', user: 'ann', at: minutes(0) }, 'd1');
const ACT: Act = { verb: 'acknowledge', by: 'olga', at: END };
const [AUDITS] = stepsOf('directoryAudits', PLAIN.audits);

describe('shared/pipeline/findings/select', () => {
  it('gathers signals by detector and subject, joined where they share a key', () => {
    const at = minutes(0);
    const records = [
      easAccepted({ id: 's1', user: 'ann', at }),
      easAccepted({ id: 's2', user: 'ann', at }),
      easAccepted({ id: 's3', user: 'ben', at }),
    ];

    const selection = select(TENANT, [easSuccessDespiteCaFailure], records);

    const found = [...selection].flatMap(([{ id }, timelines]) =>
      [...timelines.values()]
        .filter(({ timeline }) => !isTallied(timeline.subject))
        .map(({ timeline, signals }) => [id, timeline.subject.name, signals.size]),
    );
    expect(found).toEqual([
      ['eas-success-despite-ca-failure', nameOf('ann'), 1],
      ['eas-success-despite-ca-failure', nameOf('ben'), 1],
    ]);
  });
});

describe('shared/pipeline/findings/keep', () => {
  it('counts and drops what comes later than its retention', async () => {
    const stores = memoryStores();
    await cover({ stores, detectors: configured() }, AUDITS!);
    const old = deviceAdded({ id: 'a0', user: 'ben', at: plus(END, -91 * DAY) }, 'd0');

    const outcome = await keep(stores, select(TENANT, [mfaRegistrationUnfinished], [old, ADDED]));

    expect(outcome).toMatchObject({ tooOld: 1 });
    expect(await marked(stores)).toMatchObject([{ subject: { id: 'ann' } }]);
  });
});

describe('shared/pipeline/findings/assess', () => {
  it('leaves the marks of a detector that is switched off', async () => {
    const { stores, runner } = await play({ batches: [] });
    await keep(stores, select(TENANT, DETECTORS, [ADDED]));
    await cover(runner, AUDITS!);

    const off = await drain({ stores, detectors: [] });
    const on = await drain(runner);

    expect(off).toMatchObject({ timelines: 0, changes: [] });
    expect(on.changes).toMatchObject([{ finding: { status: 'open' } }]);
  });

  it('asks again when coverage has come to the deadline', async () => {
    const { stores, runner } = await play({ batches: [] });
    const read = (from: number, to: number): Promise<void> =>
      cover(runner, {
        source: 'directoryAudits',
        verb: 'extend',
        interval: { from: minutes(from), to: minutes(to) },
      });
    await read(-60, 30);
    const first = await deliver(runner, { records: [ADDED], coverage: [], now: END });
    await read(30, 59);
    const second = await drain(runner);
    await read(59, 60);
    const third = await drain(runner);

    expect(first).toMatchObject({ pending: [{ until: minutes(60) }], changes: [] });
    expect(second).toMatchObject({ timelines: 0 });
    expect(third.changes).toMatchObject([
      { finding: { since: minutes(60) }, alert: { form: 'card' } },
    ]);
    expect(await stores.marks.due(new Map([['mfa-registration-unfinished', minutes(60)]]))).toEqual(
      [],
    );
  });

  it('passes on that the storage is gone', async () => {
    const { stores, runner } = await play({ batches: [] });
    await keep(stores, select(TENANT, [mfaRegistrationUnfinished], [ADDED]));
    const broken = around(stores, (operation, name) =>
      name === 'signals.readMany' ? Promise.reject(new Crash('no answer')) : operation(),
    );
    const all = { tenantId: TENANT, detectors: runner.detectors, clock: { now: () => END } };

    await expect(drainMarks({ ...all, stores: broken })).rejects.toThrow('no answer');
    expect(await marked(stores)).toHaveLength(1);
  });
});

describe('shared/pipeline/findings/rule-change', () => {
  it('marks every timeline of the detector, many at a time', async () => {
    const { stores } = await play({ batches: [] });
    const records = Array.from({ length: 250 }, (_, i) =>
      deviceAdded({ id: `a${i}`, user: `user-${i}`, at: minutes(i) }, 'd1'),
    );
    await play({ batches: inOrder(records, PLAIN), stores });
    const [eas, mfa] = [easSuccessDespiteCaFailure, mfaRegistrationUnfinished];

    expect(await marked(stores)).toHaveLength(0);
    expect(await markEveryTimeline(stores, mfa, 'past')).toBe(250);
    expect(await markEveryTimeline(stores, eas, 'past')).toBe(0);
    expect(await marked(stores)).toHaveLength(250);
  });

  it('notices another version or setting once, and nothing at the first start', async () => {
    const { stores } = await play({
      batches: inOrder([deviceAdded({ id: 'a', user: 'ann', at: minutes(0) }, 'd1')], PLAIN),
    });
    const before = configureDetectors({});
    const after = configureDetectors({ DETECTOR_MFA_REGISTRATION_UNFINISHED_GRACE: '2h' });

    expect(await noticeRuleChanges(stores, before)).toEqual([]);
    expect(await noticeRuleChanges(stores, before)).toEqual([]);
    expect(await marked(stores)).toEqual([]);
    expect(await noticeRuleChanges(stores, after)).toEqual(['mfa-registration-unfinished']);
    expect(await marked(stores)).toHaveLength(1);
    expect(await noticeRuleChanges(stores, after)).toEqual([]);
  });

  it('marks again when it was killed before it remembered', async () => {
    const { stores } = await play({
      batches: inOrder([deviceAdded({ id: 'a', user: 'ann', at: minutes(0) }, 'd1')], PLAIN),
    });
    await noticeRuleChanges(stores, configureDetectors({}));
    const after = configureDetectors({ DETECTOR_MFA_REGISTRATION_UNFINISHED_GRACE: '2h' });
    jest.spyOn(stores.marks, 'keepRule').mockRejectedValueOnce(new Error('killed'));

    await expect(noticeRuleChanges(stores, after)).rejects.toThrow('killed');

    expect(await noticeRuleChanges(stores, after)).toEqual(['mfa-registration-unfinished']);
  });
});

describe('shared/pipeline/findings/decide', () => {
  it('records an act on the finding that is there', async () => {
    const { stores } = await play({ batches: inOrder([ADDED], PLAIN) });
    const [finding] = stores.findings.list();

    await recordAct(stores, finding!.id, ACT);

    expect(stores.findings.list()).toMatchObject([{ status: 'acknowledged', act: ACT }]);
    expect(stores.findings.transitions.at(-1)).toMatchObject({ verb: 'acknowledged', by: 'olga' });
    expect(stores.outbox.alerts).toHaveLength(1);
  });

  it('writes down nothing that changes nothing', async () => {
    const { stores } = await play({ batches: inOrder([ADDED], PLAIN) });
    const [finding] = stores.findings.list();
    await recordAct(stores, finding!.id, ACT);
    const written = stores.findings.transitions.length;

    await expect(recordAct(stores, finding!.id, ACT)).rejects.toThrow(
      `finding ${finding!.id} is acknowledged already`,
    );
    expect(stores.findings.transitions).toHaveLength(written);
    expect(await marked(stores)).toEqual([]);
  });

  it('knows its own act again when the answer got lost', async () => {
    const { stores } = await play({ batches: inOrder([ADDED], PLAIN) });
    const [finding] = stores.findings.list();
    const lossy = around(stores, async (operation, name) => {
      const outcome = await operation();
      return name === 'findings.commit' ? false : outcome;
    });

    expect(await recordAct(lossy, finding!.id, ACT)).toMatchObject({ status: 'acknowledged' });
    expect(stores.findings.transitions).toHaveLength(2);
  });

  it('refuses what somebody else decided meanwhile', async () => {
    const { stores } = await play({ batches: inOrder([ADDED], PLAIN) });
    const [finding] = stores.findings.list();
    const busy = around(stores, async (operation, name) => {
      if (name === 'findings.commit') {
        await recordAct(stores, finding!.id, { ...ACT, by: 'ann' });
        return false;
      }
      return operation();
    });

    await expect(recordAct(busy, finding!.id, ACT)).rejects.toThrow(ActRefusedError);
    expect(await marked(stores)).toEqual([]);
  });

  it('says that there is no such finding', async () => {
    const stores = memoryStores();

    await expect(recordAct(stores, '0123456789abcdef-0123456789ab', ACT)).rejects.toThrow(
      FindingNotFoundError,
    );
  });

  it('is recorded once when the answer to its writing gets lost', async () => {
    const { stores } = await play({ batches: inOrder([ADDED], PLAIN) });
    const [finding] = stores.findings.list();
    const etag = (await stores.findings.find(finding!.id))!.etag;
    const lossy = around(stores, async (operation, name) => {
      const done = await operation();
      return name === 'findings.commit' ? false : done;
    });

    const decided = await recordAct(lossy, finding!.id, ACT, (stored) => {
      expect(stored.etag).toBe(etag);
    });

    expect(decided).toMatchObject({ status: 'acknowledged', act: ACT });
    expect(stores.findings.transitions.map(({ verb }) => verb)).toEqual(['opened', 'acknowledged']);
    expect(await marked(stores)).toEqual([]);
  });

  it('gives up on a finding that keeps changing', async () => {
    const { stores } = await play({ batches: inOrder([ADDED], PLAIN) });
    const [finding] = stores.findings.list();
    let tries = 0;
    const busy = around(stores, (operation, name) => {
      tries += name === 'findings.commit' ? 1 : 0;
      return name === 'findings.commit' ? Promise.resolve(false) : operation();
    });

    await expect(recordAct(busy, finding!.id, ACT)).rejects.toThrow(FindingBusyError);
    expect(tries).toBe(5);
    expect(await marked(stores)).toEqual([]);
  });
});

describe('a detector that fails', () => {
  it('leaves its mark and stops nobody else', async () => {
    const stores = memoryStores();
    const [eas, mfa] = configureDetectors({}, [
      easSuccessDespiteCaFailure,
      mfaRegistrationUnfinished,
    ]);
    const assess = (): never => {
      throw new RangeError('never seen the like');
    };
    const broken = { ...eas!, detector: { ...eas!.detector, assess } };
    const signIn = easAccepted({ id: 's1', user: 'ann', at: minutes(0) });
    await keep(stores, select('t', DETECTORS, [ADDED, signIn]));

    const report = await drainMarks({
      ...{ tenantId: 't', stores, detectors: [broken, mfa!] },
      clock: { now: () => minutes(0) },
    });

    expect(report.faults.map(({ error }) => error.message)).toEqual([
      'detector eas-success-despite-ca-failure failed: never seen the like',
    ]);
    expect(await marked(stores)).toMatchObject([{ detector: eas!.detector.id }]);
  });
});
