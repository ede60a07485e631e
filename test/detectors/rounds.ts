import { toObjectRow } from '../../shared/adapters/rows/directory-row';
import type { Detector } from '../../shared/domain/detector';
import { edgesOf } from '../../shared/domain/findings/finding';
import {
  coverageOfRounds,
  KnownDirectory,
  type Round,
} from '../../shared/domain/reading/directory';
import type { CoverageBySource } from '../../shared/domain/reading/coverage';
import type { Collection, DirectoryObjectRecord } from '../../shared/domain/record';
import { select } from '../../shared/pipeline/findings/select';
import { at, settingsOf, type Frame, type Row, type Said, type When } from './play';

/** What one round brought: rows as Graph sends them, by collection. A collection that is not named brought nothing new. */
export interface StoryRound {
  readonly at: When;
  readonly users?: readonly Row[];
  readonly groups?: readonly Row[];
  readonly contacts?: readonly Row[];
  /** Of the first round nobody must say so: it lists everything. */
  readonly isWhole?: boolean;
  readonly isComplete?: boolean;
}

/** One row of a test table on directory objects. */
export interface DirectoryStory<Expected = undefined> {
  /** Finishes the sentence "raises ..." or "stays silent ...". */
  readonly when: string;
  readonly rounds: readonly StoryRound[];
  /** A round without news, later than all others: to here nothing has changed. */
  readonly until?: When;
  readonly gaps?: Frame['gaps'];
  /** The collections that are read at all. */
  readonly read?: readonly Collection[];
  readonly settings?: Readonly<Record<string, string>>;
  readonly expected: Expected;
}

const ALL = ['users', 'groups', 'contacts'] as const;

/** The rounds of a story as a reader would cut them. */
export function roundsOf({ rounds, until, read = ALL }: DirectoryStory<unknown>): readonly Round[] {
  const last: readonly StoryRound[] = until === undefined ? [] : [{ at: until, isWhole: false }];
  return [...rounds, ...last].flatMap((round, i) =>
    read.map((collection): Round => {
      const { at: when, isComplete = true, isWhole = i === 0 } = round;
      const rows = round[collection] ?? [];
      return { collection, at: at(when), isComplete, isWhole, rows: rows.map(toObjectRow) };
    }),
  );
}

/** The records that a story comes to. */
export function recordsOf(story: DirectoryStory<unknown>): readonly DirectoryObjectRecord[] {
  const directory = new KnownDirectory(story.read ?? ALL);
  return roundsOf(story).flatMap((round) => directory.apply(round));
}

export function coverageOfStory(story: DirectoryStory<unknown>): CoverageBySource {
  const covered = coverageOfRounds(roundsOf(story));
  const gaps = (story.gaps ?? []).map(([from, to]) => ({
    ...{ from: at(from), to: at(to), why: 'not-read' as const },
  }));
  return covered === undefined ? {} : { directoryObjects: { ...covered, gaps } };
}

/** Rounds, records, signals, timelines, answers. */
export function playRounds(detector: Detector, story: DirectoryStory<unknown>): readonly Said[] {
  const coverage = coverageOfStory(story);
  const settings = settingsOf(detector, { until: 0, settings: story.settings ?? {} });
  const selection = select('tenant', [detector], recordsOf(story)).get(detector);
  return [...(selection?.values() ?? [])].flatMap(({ timeline, signals }): readonly Said[] => {
    const sorted = [...signals.values()].sort((a, b) =>
      a.at < b.at || (a.at === b.at && a.key < b.key) ? -1 : 1,
    );
    return detector.assess(sorted, coverage, settings).findings.map((answer): Said => {
      const base = {
        ...{ subject: timeline.subject.id, anchor: answer.anchor.key, state: answer.state },
      };
      if (answer.state !== 'open' && answer.state !== 'resolved') {
        return base;
      }
      const { anchor: _anchor, state: _state, evidence, ...stated } = answer;
      const completeTo = coverage.directoryObjects?.to ?? at(0);
      const told = { ...stated, who: timeline.subject.id, completeTo };
      return {
        ...{ ...base, ...stated },
        evidence: edgesOf(evidence).map((each) => each.eventId),
        summary: detector.messages[answer.message]!.summary(told),
      };
    });
  });
}

// ------------------------------------------------------------------------------------------------------ row factories

/** A user as Graph lists one; what a story does not say is as for an ordinary cloud user without mail. */
export function user(id: string, properties: Row = {}): Row {
  return {
    ...{ id, displayName: id, userPrincipalName: `${id}@example.com`, mail: null },
    ...{ proxyAddresses: [], userType: 'Member', accountEnabled: true },
    createdDateTime: '2025-06-14T14:31:01Z',
    ...{ onPremisesSyncEnabled: null, onPremisesProvisioningErrors: [] },
    serviceProvisioningErrors: [],
    ...properties,
  };
}

export function synced(id: string, properties: Row = {}): Row {
  return user(id, { onPremisesSyncEnabled: true, ...properties });
}

/** A guest who was invited with an address and holds it. */
export function guest(id: string, address: string, properties: Row = {}): Row {
  return user(id, {
    userPrincipalName: `${address.replace('@', '_')}#EXT#@example.onmicrosoft.com`,
    mail: address,
    proxyAddresses: [`SMTP:${address}`],
    userType: 'Guest',
    ...properties,
  });
}

export function contact(id: string, address: string, properties: Row = {}): Row {
  return {
    ...{ id, displayName: id, mail: address, proxyAddresses: [`SMTP:${address}`] },
    ...{ onPremisesSyncEnabled: true, onPremisesProvisioningErrors: [] },
    serviceProvisioningErrors: [],
    ...properties,
  };
}

export function removed(id: string, reason: 'changed' | 'deleted' = 'changed'): Row {
  return { id, '@removed': { reason } };
}

/** What Exchange says when an address is taken, as it stands in the seed. */
export function taken(address: string, by: string, raw: Row = {}): Row {
  return {
    '@odata.type': '#microsoft.graph.serviceProvisioningXmlError',
    createdDateTime: '2026-03-02T12:00:00Z',
    isResolved: false,
    serviceInstance: 'exchange/NAMPRD04-001-01',
    errorDetail:
      '<ServiceInstance Name=”exchange/NAMPRD04-001-01″ xmlns=”http://schemas.microsoft.com/online/error/2010/07″>' +
      '<ObjectErrors><ErrorRecord><ErrorCode>ExFEBFF0</ErrorCode><ErrorParameters><ErrorParameter>Enable-MailUser' +
      '</ErrorParameter></ErrorParameters><ErrorDescription>The execution of cmdlet Enable-MailUser failed.' +
      '</ErrorDescription></ErrorRecord><ErrorRecord><ErrorCode>Ex1472D1</ErrorCode><ErrorParameters />' +
      `<ErrorDescription>The proxy address “SMTP:${address}” is already being used by the\nproxy addresses or ` +
      `LegacyExchangeDN of “${by}”. Please choose another proxy\naddress.</ErrorDescription></ErrorRecord>` +
      '</ObjectErrors><LinkErrors /></ServiceInstance>',
    ...raw,
  };
}

export function conflict(value: string, property = 'ProxyAddresses'): Row {
  return {
    ...{ category: 'PropertyConflict', propertyCausingError: property, value },
    occurredDateTime: '2026-03-02T12:00:00Z',
  };
}
