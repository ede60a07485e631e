import fc from 'fast-check';
import { DETECTORS } from '../../shared/detectors/index';
import type { CoverageBySource } from '../../shared/domain/reading/coverage';
import { defaultSettings, type Detector } from '../../shared/domain/detector';
import { law, must, notices } from '../fakes/law';
import { days } from '../fakes/records';
import { TENANT } from '../fakes/run';
import { END, story } from '../fakes/stories';
import { select } from '../../shared/pipeline/findings/select';
import type { EntraRecord } from '../../shared/domain/record';

const ALL = { from: days(-90), to: END, gaps: [] };
const READ = fc.constantFrom<CoverageBySource>(
  { directoryAudits: ALL, signIns: ALL },
  { directoryAudits: { ...ALL, to: days(0, 30) }, signIns: ALL },
  {
    directoryAudits: { ...ALL, gaps: [{ from: days(0), to: days(1), why: 'unreadable' }] },
    signIns: ALL,
  },
  {},
);
const told = fc.record({ records: story, read: READ });

/** What a detector says of timelines out of which the kinds are taken that a finding can begin with. */
function saysNothing(
  detectors: readonly Detector[],
  records: readonly EntraRecord[],
  read: CoverageBySource,
): void {
  for (const [detector, timelines] of select(TENANT, detectors, records)) {
    const opens = detector.opens ?? [];
    for (const { signals } of timelines.values()) {
      const others = [...signals.values()]
        .filter(({ kind }) => opens.length > 0 && !opens.includes(kind))
        .sort((a, b) => (a.at < b.at || (a.at === b.at && a.key < b.key) ? -1 : 1));
      const said = detector.assess(others, read, defaultSettings(detector.settings));
      must(
        said.findings.length === 0 && said.askAgainAt === undefined,
        () => `${detector.id} says something of ${others.map(({ kind }) => kind).join()}`,
      );
    }
  }
}

describe('a timeline without anything that a finding can begin with need not be assessed', () => {
  law('nothing is said of it, whatever was read', told, ({ records, read }) => {
    saysNothing(DETECTORS, records, read);
    return Promise.resolve();
  });

  for (const { id, opens = [] } of DETECTORS) {
    for (const kind of opens) {
      notices(`that ${id} does not name ${kind}`, told, ({ records, read }) => {
        const forgetful = DETECTORS.filter((each) => each.id === id).map((each) => ({
          ...each,
          opens: [...opens.filter((other) => other !== kind), 'another'],
        }));
        saysNothing(forgetful, records, read);
        return Promise.resolve();
      });
    }
  }
});
