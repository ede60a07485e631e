import { AsyncLocalStorage } from 'node:async_hooks';
import { pino, type Logger as PinoLogger } from 'pino';
import { redact } from './redact';

/** Writes one JSON line per call: fields first, then a sentence that is always the same. */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error'>;

/** What an invocation offers to log with: its lines carry the invocation's id, those of stdout do not. */
export interface InvocationLog {
  readonly debug: (line: string) => void;
  readonly info: (line: string) => void;
  readonly warn: (line: string) => void;
  readonly error: (line: string) => void;
}

const invocation = new AsyncLocalStorage<InvocationLog>();

/** Runs work so that everything it logs goes to the invocation. */
export function loggingTo<T>(log: InvocationLog, work: () => Promise<T>): Promise<T> {
  return invocation.run(log, work);
}

/** pino without a transport (a bundle has no worker files), to the invocation or else to standard error. */
export function createLogger(
  level: 'debug' | 'info' | 'warn' | 'error',
  fallback: (line: string) => void = (line) => process.stderr.write(line),
  /** Stands in every line, after its own fields. */
  always: () => object = () => ({}),
): Logger {
  return pino(
    {
      level,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
      mixin: always,
      redact: {
        paths: ['*.authorization', '*.token', '*.DeviceToken', '*.url', 'url', 'token'],
        censor: '[redacted]',
      },
    },
    {
      write(line: string) {
        const clean = redact(line);
        const log = invocation.getStore();
        if (log === undefined) {
          fallback(clean);
        } else {
          log[levelOf(clean)](clean.trimEnd());
        }
      },
    },
  );
}

function levelOf(line: string): keyof InvocationLog {
  const match = /^\{"level":"(debug|info|warn|error)"/.exec(line);
  return (match?.[1] ?? 'info') as keyof InvocationLog;
}
