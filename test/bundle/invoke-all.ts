import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import {
  loadFunctions,
  messageOf,
  type FunctionsHost,
  type RegisteredFunction,
} from '../../cli/local-host/functions-core';
import { serveFunctions } from '../../cli/local-host/http';
import type { Listening } from '../../cli/local-host/listen';

/** What a bundle turned out to be and to do. */
export interface BundleReport {
  readonly functions: readonly RegisteredFunction[];
  /** Files that were loaded from outside of the folder. */
  readonly foreign: readonly string[];
  /** What the functions have logged. */
  readonly lines: readonly string[];
  readonly outcomes: Readonly<
    Record<string, { readonly error?: string; readonly status?: number; readonly body?: unknown }>
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
  const lines: string[] = [];
  const host = await loadFunctions(join(folder, main), {
    log: ({ functionName, message }) => {
      lines.push(...(functionName === undefined ? [] : [message]));
    },
  });
  const doors = await serveFunctions(host, {});
  const outcomes: Record<string, BundleReport['outcomes'][string]> = {};
  // Timers twice, then the rest: each works on what another one stored.
  const timers = host.functions.filter((each) => !isHttp(each));
  for (const each of [...timers, ...timers, ...host.functions.filter(isHttp)]) {
    const known = outcomes[each.name];
    outcomes[each.name] = known?.error === undefined ? await outcomeOf(host, doors, each) : known;
  }
  const loaded = Object.keys(require.cache);
  const foreign = loaded.filter((path) => !path.startsWith(folder) && path !== __filename);
  return { functions: host.functions, foreign, lines, outcomes };
}

async function outcomeOf(
  host: FunctionsHost,
  doors: Listening,
  each: RegisteredFunction,
): Promise<BundleReport['outcomes'][string]> {
  try {
    if (isHttp(each)) {
      const { methods = ['GET'], route = '' } = each.trigger;
      const path = route.replace('{id}', NOBODY).replace('{*rest}', 'nothing/here');
      const response = await fetch(`${doors.url}/${path}`, { method: methods[0] ?? 'GET' });
      return { status: response.status, body: await response.json() };
    }
    await host.invoke(each.name, { input: TIMER });
    return {};
  } catch (error) {
    return { error: messageOf(error) };
  }
}

/** An id that no finding has. */
const NOBODY = '0123456789abcdef-0123456789ab';
const TIMER = {
  json: JSON.stringify({
    Schedule: { AdjustForDST: true },
    ScheduleStatus: {
      Last: '2026-01-01T00:00:00Z',
      Next: '2026-01-01T00:05:00Z',
      LastUpdated: '2026-01-01T00:00:00Z',
    },
    IsPastDue: true,
  }),
};

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
