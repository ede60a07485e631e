import type { Logger } from '../adapters/logging/logger';
import type { AssessReport } from '../pipeline/findings/assess';
import { LOG_READING } from '../pipeline/findings/log-reading';
import type { PollReport } from '../pipeline/poll';
import { SourceError } from '../pipeline/ports/record-source';

/** What a poll did, and what kept it from more. */
export function logPoll(
  logger: Logger,
  { read, assessed }: PollReport,
  run: { requests: number; throttled: number; startedAt: string; endedAt: string },
  isNeeded: boolean,
): void {
  const fields = {
    run: 'poll',
    source: read.source,
    window: read.window,
    rows: read.rows,
    kept: read.kept,
    malformed: read.malformed,
    tooOld: read.tooOld,
    requests: run.requests,
    throttled: run.throttled,
    findings: assessed.changes.length,
    alerts: assessed.changes.filter((change) => change.alert !== undefined).length,
    left: assessed.left,
    ...(assessed.stopped !== undefined && { leftBy: assessed.stopped }),
    ms: Date.parse(run.endedAt) - Date.parse(run.startedAt),
  };
  if (read.stopped instanceof SourceError) {
    const { failure, message, remedy } = read.stopped;
    const why = { error: message, remedy, unfinished: read.unfinished };
    if (isNeeded) {
      logger.error({ ...fields, failure, ...why }, 'log could not be read to its end');
    } else {
      // Nobody is woken for rows that only sharpen findings: the alert rules look for a trouble.
      logger.warn({ ...fields, ...why }, 'log that sharpens findings could not be read to its end');
    }
  } else {
    logger.info({ ...fields, stopped: read.stopped, unfinished: read.unfinished }, 'log read');
  }
  logAssessed(logger, assessed);
}

/** What is wrong with our own clock, or was. */
export function logTime(
  logger: Logger,
  { source, clockAheadBy, cutBack }: PollReport['read'],
): void {
  if (clockAheadBy !== undefined) {
    logger.warn({ run: 'watch', source }, 'the clock of this machine is wrong');
  }
  if (cutBack !== undefined) {
    logger.error({ run: 'watch', source, ...cutBack }, 'coverage ended in the future');
  }
}

/** What is wrong with the watch itself. */
export function logAssessed(logger: Logger, { changes, faults }: AssessReport): void {
  for (const { finding } of changes.filter((each) => each.finding.detector === LOG_READING.id)) {
    logger.warn({ run: 'watch', finding: finding.id, status: finding.status }, finding.title);
  }
  for (const { timeline, error } of faults) {
    const { detector, id } = timeline;
    const fields = { run: 'watch', failure: 'not-judged', detector, timeline: id };
    logger.error({ ...fields, error: error.message }, 'detector failed');
  }
}
