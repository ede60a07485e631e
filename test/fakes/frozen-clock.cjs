// Loaded before the command (node --require): the time of day stands still at FROZEN_AT, so that whatever a process
// writes down is the same however often it was killed and begun again. Real timeouts stay; only the pauses of the
// product's Clock, which alone passes options without a signal, take no time.
const frozen = Date.parse(process.env.FROZEN_AT);
if (Number.isNaN(frozen)) {
  throw new Error('FROZEN_AT is not a time');
}
Date.now = () => frozen;

const timers = process.getBuiltinModule('node:timers/promises');
const { setTimeout: sleep } = timers;
timers.setTimeout = (ms, value, options) =>
  options !== undefined && options.signal === undefined
    ? sleep(0, value)
    : sleep(ms, value, options);
