import type { Instant } from '../domain/time';
import { json, type Answer } from './answer';
import { readQuery, verifyQuery } from './api-schema';
import type { Range, Verification } from './verify';

/** Answers `GET /api/verify`: whether anybody has altered the record. */
export async function answerVerify(
  verify: (range: Range) => Promise<Verification>,
  parameters: Iterable<readonly [string, string]>,
  now: Instant,
): Promise<Answer> {
  const read = readQuery(verifyQuery, parameters);
  if ('refusal' in read) {
    return read.refusal;
  }
  const { from, to } = read.value;
  const found = await verify({
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  });
  return json({ asOf: now, ...found });
}
