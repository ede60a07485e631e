import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import {
  loadFunctions,
  messageOf,
  type FunctionsHost,
  type Invocation,
  type RegisteredFunction,
} from '../../cli/local-host/functions-core';
import { httpInput } from '../../cli/local-host/http';

/** What a bundle turned out to be and to do. */
export interface BundleReport {
  readonly functions: readonly RegisteredFunction[];
  /** Files that were loaded from outside of the folder. */
  readonly foreign: readonly string[];
  readonly outcomes: Readonly<
    Record<string, { readonly error?: string; readonly status?: string; readonly body?: unknown }>
  >;
}

/**
 * Runs in a process of its own: loads what `package.json` of this folder names, as the Functions worker does, invokes
 * every function with what the host would send, and prints a report.
 */
async function report(): Promise<BundleReport> {
  const folder = process.cwd();
  const { main } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    main: string;
  };
  const host = await loadFunctions(join(folder, main));
  const outcomes: Record<string, BundleReport['outcomes'][string]> = {};
  // Timers twice, then the rest: each works on what another one stored.
  const timers = host.functions.filter((each) => !isHttp(each));
  for (const each of [...timers, ...timers, ...host.functions.filter(isHttp)]) {
    const known = outcomes[each.name];
    outcomes[each.name] = known?.error === undefined ? await outcomeOf(host, each) : known;
  }
  const loaded = Object.keys(require.cache);
  const foreign = loaded.filter((path) => !path.startsWith(folder) && path !== __filename);
  return { functions: host.functions, foreign, outcomes };
}

async function outcomeOf(
  host: FunctionsHost,
  each: RegisteredFunction,
): Promise<BundleReport['outcomes'][string]> {
  try {
    const { returnValue } = await host.invoke(each.name, inputOf(each));
    const http = returnValue?.http;
    if (http === undefined) {
      return {};
    }
    const text = Buffer.from(http.body?.bytes ?? []).toString();
    return { status: String(http.statusCode), body: JSON.parse(text) as unknown };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

function inputOf(each: RegisteredFunction): Invocation {
  return isHttp(each)
    ? httpInput({ method: 'GET', url: new URL(`http://127.0.0.1/${each.trigger.route ?? ''}`) })
    : {
        input: {
          json: JSON.stringify({
            Schedule: { AdjustForDST: true },
            ScheduleStatus: {
              Last: '2026-01-01T00:00:00Z',
              Next: '2026-01-01T00:05:00Z',
              LastUpdated: '2026-01-01T00:00:00Z',
            },
            IsPastDue: true,
          }),
        },
      };
}

function isHttp(each: RegisteredFunction): boolean {
  return each.trigger.type === 'httpTrigger';
}

void report().then(
  (found) => {
    process.stdout.write(JSON.stringify(found), () => process.exit(0));
  },
  (error: unknown) => {
    process.stderr.write(messageOf(error), () => process.exit(1));
  },
);
