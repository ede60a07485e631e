import type { CoverageBySource, Interval } from '../../domain/coverage';
import { digestOf, type Head } from '../../domain/chain';
import type { Alert, Finding, FindingChange, Transition } from '../../domain/finding';
import { unread, type SourceHead, type WindowReport } from '../../domain/journal';
import type { Malformed, Source } from '../../domain/record';
import { joinSignals, type JoinRules, type Signal } from '../../domain/signal';
import { monthOf, startOfDay, type Instant } from '../../domain/time';
import {
  before,
  lineOf,
  listFor,
  listsOf,
  LOOKED_AT,
  passes,
  placeOf,
  readPosition,
  writePosition,
} from '../../pipeline/finding-lines';
import type {
  CoverageEnds,
  CoverageStore,
  DigestPlan,
  Due,
  FindingFilter,
  FindingIndex,
  FindingLine,
  FindingLines,
  FindingStore,
  IndexRow,
  Outbox,
  OutboxRow,
  Quarantine,
  SendMark,
  SignalMonths,
  SignalStore,
  StoredFinding,
  StoredTimeline,
  Stores,
  TimelineRef,
  WorkMark,
  TimelineFaults,
  WorkMarks,
} from '../../pipeline/ports';
import { MemoryChain, MemoryRows, MemoryRules } from './memory-record';

/** Stores that live as long as the process: for exported logs, for dry runs and for tests. */
export interface MemoryStores extends Stores {
  readonly signals: MemorySignals;
  readonly findings: MemoryFindings;
  readonly index: MemoryIndex;
  readonly marks: MemoryMarks;
  readonly coverage: MemoryCoverage;
  readonly outbox: MemoryOutbox;
  readonly quarantine: MemoryQuarantine;
  readonly rules: MemoryRules;
  readonly chain: MemoryChain;
}

export function memoryStores(): MemoryStores {
  const outbox = new MemoryOutbox();
  const findings = new MemoryFindings(outbox);
  const rules = new MemoryRules();
  const chain = new MemoryChain();
  return {
    ...{ outbox, findings, rules, chain },
    rows: new MemoryRows(findings, rules, chain),
    index: new MemoryIndex(),
    quarantine: new MemoryQuarantine(),
    signals: new MemorySignals(),
    marks: new MemoryMarks(),
    coverage: new MemoryCoverage(),
  };
}

export class MemorySignals implements SignalStore, SignalMonths {
  readonly #timelines = new Map<
    string,
    { ref: TimelineRef; signals: Map<string, Signal>; version: number }
  >();

  merge(ref: TimelineRef, signals: readonly Signal[], rules: JoinRules): Promise<void> {
    const timeline = this.#timelines.get(ref.id) ?? {
      ref,
      signals: new Map<string, Signal>(),
      version: 0,
    };
    this.#timelines.set(ref.id, timeline);
    for (const signal of signals) {
      const known = timeline.signals.get(signal.key);
      const joined = known === undefined ? signal : joinSignals(known, signal, rules);
      if (joined !== known) {
        timeline.signals.set(signal.key, joined);
        timeline.version += 1;
      }
    }
    return Promise.resolve();
  }

  read(timelineId: string): Promise<StoredTimeline> {
    const timeline = this.#timelines.get(timelineId);
    return Promise.resolve({
      signals: [...(timeline?.signals.values() ?? [])],
      version: String(timeline?.version ?? 0),
    });
  }

  async *timelinesOf(detectorId: string): AsyncIterable<TimelineRef> {
    for (const { ref } of this.#timelines.values()) {
      if (ref.detector === detectorId) {
        yield Promise.resolve(ref);
      }
    }
  }

  below(floor: Instant): Promise<readonly string[]> {
    const months = [...this.#timelines.values()].flatMap(({ signals }) =>
      [...signals.values()].map(({ at }) => monthOf(at)),
    );
    return Promise.resolve([...new Set(months)].filter((each) => each < monthOf(floor)).sort());
  }

  drop(months: readonly string[]): Promise<void> {
    for (const timeline of this.#timelines.values()) {
      for (const [key, { at }] of timeline.signals) {
        if (months.includes(monthOf(at))) {
          timeline.signals.delete(key);
          timeline.version += 1;
        }
      }
    }
    return Promise.resolve();
  }

  /** Drops what lies below a floor, as purging old months does. */
  purge(detectorId: string, floor: Instant): void {
    for (const { ref, signals } of this.#timelines.values()) {
      for (const [key, signal] of signals) {
        if (ref.detector === detectorId && signal.at < floor) {
          signals.delete(key);
        }
      }
    }
  }
}

export class MemoryFindings implements FindingStore {
  readonly #rows = new Map<string, { finding: Finding; digest: string; version: number }>();
  readonly #timelines = new Map<string, Set<string>>();
  readonly #outbox: MemoryOutbox;
  /** Every transition ever committed, in order of commit. */
  readonly transitions: Transition[] = [];

  constructor(outbox: MemoryOutbox) {
    this.#outbox = outbox;
  }

  readTimeline(timelineId: string): Promise<readonly StoredFinding[]> {
    const ids = [...(this.#timelines.get(timelineId) ?? [])];
    return Promise.resolve(ids.map((id) => this.#read(id)).filter((row) => row !== undefined));
  }

  commit(change: FindingChange, etag: string | undefined): Promise<boolean> {
    const { finding, transition, alert } = change;
    const row = this.#rows.get(finding.id);
    if (String(row?.version) !== String(etag)) {
      return Promise.resolve(false);
    }
    const timeline = finding.id.slice(0, finding.id.indexOf('-'));
    const digest = digestOf(finding);
    this.#rows.set(finding.id, { finding, digest, version: (row?.version ?? 0) + 1 });
    this.#timelines.set(
      timeline,
      (this.#timelines.get(timeline) ?? new Set<string>()).add(finding.id),
    );
    this.transitions.push(...(transition ? [transition] : []));
    if (transition !== undefined && alert !== undefined) {
      this.#outbox.owe(alert, transition.at);
    }
    return Promise.resolve(true);
  }

  find(findingId: string): Promise<StoredFinding | undefined> {
    return Promise.resolve(this.#read(findingId));
  }

  history(findingId: string): Promise<readonly Transition[]> {
    return Promise.resolve(this.transitions.filter((each) => each.findingId === findingId));
  }

  async *all(): AsyncIterable<Finding> {
    for (const { finding } of this.#rows.values()) {
      yield Promise.resolve(finding);
    }
  }

  async *movedBetween(from: Instant, to: Instant): AsyncIterable<Finding> {
    for (const { finding } of this.#rows.values()) {
      if (finding.movedAt !== undefined && from <= finding.movedAt && finding.movedAt < to) {
        yield Promise.resolve(finding);
      }
    }
  }

  purge({ id, sequence, head }: Head): Promise<boolean> {
    const finding = this.#rows.get(id)?.finding;
    if (finding !== undefined && (finding.sequence !== sequence || finding.head !== head)) {
      return Promise.resolve(false);
    }
    this.#rows.delete(id);
    this.#timelines.get(id.slice(0, id.indexOf('-')))?.delete(id);
    const kept = this.transitions.filter((each) => each.findingId !== id);
    this.transitions.splice(0, this.transitions.length, ...kept);
    this.#outbox.forget(id);
    return Promise.resolve(true);
  }

  /** All findings with the digest that stands beside each. */
  digests(): readonly { readonly finding: Finding; readonly digest: string }[] {
    return [...this.#rows.values()];
  }

  /** All findings, without waiting. */
  list(): readonly Finding[] {
    return [...this.#rows.values()].map((row) => row.finding);
  }

  #read(id: string): StoredFinding | undefined {
    const row = this.#rows.get(id);
    return row && { finding: row.finding, etag: String(row.version) };
  }
}

export class MemoryIndex implements FindingIndex {
  readonly #lines = new Map<string, FindingLine>();
  #sorted: readonly (readonly [place: string, line: FindingLine])[] | undefined;

  put(finding: Finding): Promise<void> {
    this.#lines.set(finding.id, lineOf(finding));
    this.#sorted = undefined;
    return Promise.resolve();
  }

  async addAll(findings: readonly Finding[]): Promise<void> {
    for (const finding of findings) {
      await this.put(finding);
    }
  }

  remove({ id }: Finding): Promise<void> {
    this.#lines.delete(id);
    this.#sorted = undefined;
    return Promise.resolve();
  }

  async page(filter: FindingFilter, top: number, after?: string): Promise<FindingLines> {
    await Promise.resolve(); // what is wrong with the position is a rejection, as elsewhere
    const start = after === undefined ? undefined : readPosition('', filter, after).place;
    const isByMonth = ['opened', 'detector'].includes(listFor(filter));
    const left = this.#inOrder().filter(
      ([place]) =>
        (start === undefined || place > start) &&
        (filter.to === undefined || place > `${before(filter.to)}~`) &&
        (filter.from === undefined || place < `${before(filter.from)}~`),
    );
    const lines: FindingLine[] = [];
    for (const [i, [place, line]] of left.entries()) {
      lines.push(...(passes(line, filter) ? [line] : []));
      const isLast = i === left.length - 1;
      if (!isLast && (lines.length === top || i + 1 === LOOKED_AT)) {
        const month = isByMonth ? { month: monthOf(line.openedAt) } : {};
        return { lines, next: writePosition('', filter, { ...month, place }) };
      }
    }
    return { lines };
  }

  async *rows(): AsyncIterable<IndexRow> {
    for (const line of [...this.#lines.values()]) {
      for (const list of listsOf(line)) {
        yield await Promise.resolve({ list, line, isMisplaced: false, key: line.id });
      }
    }
  }

  drop({ key }: IndexRow): Promise<void> {
    this.#lines.delete(key);
    this.#sorted = undefined;
    return Promise.resolve();
  }

  #inOrder(): readonly (readonly [place: string, line: FindingLine])[] {
    this.#sorted ??= [...this.#lines.values()]
      .map((line) => [placeOf(line), line] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return this.#sorted;
  }
}

export class MemoryOutbox implements Outbox {
  readonly #rows = new Map<string, OutboxRow>();
  readonly #marks = new Map<string, SendMark>();
  #plan: Due['plan'];
  #plans = 0;
  /** Every alert ever committed, in order of commit. */
  readonly alerts: Alert[] = [];

  /** Called by the findings inside their commit. */
  owe(alert: Alert, at: Instant): void {
    this.alerts.push(alert);
    const row = { alert, state: 'waiting' as const, createdAt: at, attempts: 0, etag: '1' };
    this.#rows.set(alert.id, row);
    this.#marks.set(`${at}|${alert.id}`, { alertId: alert.id, at });
  }

  /** Removes the alerts of a finding with it, and their marks. */
  forget(findingId: string): void {
    for (const [id, { alert }] of this.#rows) {
      if (alert.findingId === findingId) {
        this.#rows.delete(id);
      }
    }
    for (const [key, { alertId }] of this.#marks) {
      if (alertId.startsWith(`${findingId}-`)) {
        this.#marks.delete(key);
      }
    }
  }

  due(now: Instant, most: number): Promise<Due> {
    const due = [...this.#marks.values()].filter((mark) => mark.at <= now);
    const marks = due.sort((a, b) => (a.at < b.at ? -1 : 1)).slice(0, most);
    return Promise.resolve({ marks, ...(this.#plan !== undefined && { plan: this.#plan }) });
  }

  plan(digest: DigestPlan): Promise<boolean> {
    if (this.#plan !== undefined) {
      return Promise.resolve(false);
    }
    this.#plans += 1;
    this.#plan = { ...digest, etag: String(this.#plans) };
    return Promise.resolve(true);
  }

  unplan({ etag }: Required<Due>['plan']): Promise<void> {
    this.#plan = this.#plan?.etag === etag ? undefined : this.#plan;
    return Promise.resolve();
  }

  read(alertId: string): Promise<OutboxRow | undefined> {
    return Promise.resolve(this.#rows.get(alertId));
  }

  settle(
    row: OutboxRow,
    outcome: Parameters<Outbox['settle']>[1],
    mark: SendMark,
  ): Promise<boolean> {
    const id = row.alert.id;
    if (this.#rows.get(id)?.etag !== row.etag) {
      return Promise.resolve(false);
    }
    const { nextAttemptAt, ...rest } = outcome;
    this.#rows.set(id, { ...row, ...rest, etag: String(Number(row.etag) + 1) });
    this.#marks.delete(`${mark.at}|${id}`);
    if (nextAttemptAt !== undefined) {
      this.#marks.set(`${nextAttemptAt}|${id}`, { alertId: id, at: nextAttemptAt });
    }
    return Promise.resolve(true);
  }

  drop(mark: SendMark): Promise<void> {
    if (this.#rows.get(mark.alertId)?.state !== 'waiting') {
      this.#marks.delete(`${mark.at}|${mark.alertId}`);
    }
    return Promise.resolve();
  }

  counts(): Promise<Record<'waiting' | 'not-configured' | 'dead', number>> {
    const counts = { waiting: 0, 'not-configured': 0, dead: 0 };
    for (const { state } of this.#rows.values()) {
      if (state === 'waiting' || state === 'not-configured' || state === 'dead') {
        counts[state] += 1;
      }
    }
    return Promise.resolve(counts);
  }

  unsaid(state: 'dead' | 'not-configured', most: number): Promise<readonly string[]> {
    const ids = [...this.#rows].filter(([, row]) => row.state === state).map(([id]) => id);
    return Promise.resolve(ids.sort().slice(0, most));
  }
}

export class MemoryQuarantine implements Quarantine {
  readonly rows: (Malformed & { readonly seenAt: Instant })[] = [];

  add(source: Source, rows: readonly Malformed[], seenAt: Instant): Promise<void> {
    this.rows.push(...rows.map((row) => ({ ...row, source, seenAt })));
    return Promise.resolve();
  }

  hasBefore(before: Instant): Promise<boolean> {
    return Promise.resolve(this.rows.some((row) => row.seenAt < startOfDay(before)));
  }

  dropBefore(before: Instant): Promise<void> {
    const kept = this.rows.filter((row) => row.seenAt >= startOfDay(before));
    this.rows.splice(0, this.rows.length, ...kept);
    return Promise.resolve();
  }
}

export class MemoryMarks implements WorkMarks {
  readonly #dirty = new Map<string, WorkMark>();
  readonly #writing = new Map<string, WorkMark>();
  readonly #due = new Map<string, { mark: WorkMark; at: Instant }>();
  readonly #rules = new Map<string, string>();
  #faults: TimelineFaults | undefined;
  #etag = 0;

  keepFaults(faults: TimelineFaults | undefined): Promise<void> {
    this.#faults = faults;
    return Promise.resolve();
  }

  faults(): Promise<TimelineFaults | undefined> {
    return Promise.resolve(this.#faults);
  }

  markDirty(
    timelines: readonly TimelineRef[],
    coverageEnds: CoverageEnds,
    isCatchingUp = false,
  ): Promise<void> {
    for (const timeline of timelines) {
      const known = this.#dirty.get(timeline.id);
      this.#dirty.set(timeline.id, {
        timeline,
        cause: 'dirty',
        coverageEnds: known?.coverageEnds ?? coverageEnds,
        ...((isCatchingUp || known?.isCatchingUp === true) && { isCatchingUp: true }),
        etag: this.#nextEtag(),
      });
    }
    return Promise.resolve();
  }

  markDue(timeline: TimelineRef, at: Instant): Promise<void> {
    const key = `${at}|${timeline.id}`;
    const mark: WorkMark = { timeline, cause: 'due', etag: `${this.#nextEtag()}|${key}` };
    this.#due.set(key, { mark, at });
    return Promise.resolve();
  }

  markWriting(timeline: TimelineRef, since: Instant): Promise<WorkMark> {
    const mark: WorkMark = { timeline, cause: 'writing', since, etag: this.#nextEtag() };
    this.#writing.set(mark.etag, mark);
    return Promise.resolve(mark);
  }

  dirty(): Promise<readonly WorkMark[]> {
    return Promise.resolve([...this.#dirty.values(), ...this.#writing.values()]);
  }

  due(detectorId: string, end: Instant): Promise<readonly WorkMark[]> {
    const due = [...this.#due.values()].filter(
      ({ mark, at }) => mark.timeline.detector === detectorId && at <= end,
    );
    return Promise.resolve(due.map(({ mark }) => mark));
  }

  remove(mark: WorkMark): Promise<void> {
    if (mark.cause === 'dirty' && this.#dirty.get(mark.timeline.id)?.etag === mark.etag) {
      this.#dirty.delete(mark.timeline.id);
    }
    if (mark.cause === 'writing') {
      this.#writing.delete(mark.etag);
    }
    const key = mark.etag.slice(mark.etag.indexOf('|') + 1);
    if (mark.cause === 'due' && this.#due.get(key)?.mark.etag === mark.etag) {
      this.#due.delete(key);
    }
    return Promise.resolve();
  }

  rules(): Promise<Readonly<Record<string, string>>> {
    return Promise.resolve(Object.fromEntries(this.#rules));
  }

  keepRule(detectorId: string, rule: string): Promise<void> {
    this.#rules.set(detectorId, rule);
    return Promise.resolve();
  }

  #nextEtag(): string {
    this.#etag += 1;
    return String(this.#etag);
  }
}

export class MemoryCoverage implements CoverageStore {
  readonly #heads = new Map<Source, SourceHead>();
  /** The ledger: every window that was read, in order. */
  readonly windows: WindowReport[] = [];

  read(detectorId: string): Promise<CoverageBySource> {
    const known = [...this.#heads.values()].flatMap(({ source, byDetector }) => {
      const coverage = byDetector[detectorId];
      return coverage === undefined ? [] : [[source, coverage] as const];
    });
    return Promise.resolve(Object.fromEntries(known));
  }

  head(source: Source): Promise<SourceHead | undefined> {
    return Promise.resolve(this.#heads.get(source));
  }

  hasLedgerBefore(before: Instant): Promise<boolean> {
    return Promise.resolve(this.windows.some((window) => window.readAt < before));
  }

  dropLedgerBefore(before: Instant): Promise<void> {
    const kept = this.windows.filter((window) => window.readAt >= before);
    this.windows.splice(0, this.windows.length, ...kept);
    return Promise.resolve();
  }

  change(
    source: Source,
    step: (head: SourceHead) => SourceHead,
    windows: readonly WindowReport[] = [],
  ): Promise<SourceHead> {
    const head = step(this.#heads.get(source) ?? unread(source));
    this.#heads.set(source, head);
    this.windows.push(...windows);
    return Promise.resolve(head);
  }

  async *ledger(source: Source, { from, to }: Interval): AsyncIterable<WindowReport> {
    const found = this.windows.filter(
      (window) => window.source === source && window.readAt >= from && window.readAt < to,
    );
    for (const window of found.toSorted((a, b) => (a.readAt > b.readAt ? -1 : 1))) {
      yield Promise.resolve(window);
    }
  }
}
