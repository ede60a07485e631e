import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInThisContext } from 'node:vm';
import type { ModuleSystem } from '../../../cli/local-host/functions-core';

const ROOT = join(__dirname, '..', '..', '..');

/** Node's own module system: jest puts its own in front of it, which a bundle would not know. */
export const REAL_MODULES: ModuleSystem = runInThisContext(
  "(({ Module, createRequire }) => ({ Module, createRequire }))(process.getBuiltinModule('node:module'))",
) as ModuleSystem;

/** The environment that such a bundle sees; jest hands out a copy. */
export const REAL_ENVIRONMENT = runInThisContext('process.env') as Record<
  string,
  string | undefined
>;

/** Builds source code to one file as the real functions are built, in an empty folder. */
export const buildBundle = (
  source: { readonly code: string } | { readonly path: string },
  options: readonly string[] = ['--external:@azure/functions-core'],
): { readonly path: string; readonly remove: () => void } => {
  const folder = mkdtempSync(join(tmpdir(), 'crosscheck-bundle-'));
  const path = join(folder, 'main.cjs');
  execFileSync(
    join(ROOT, 'node_modules', '.bin', 'esbuild'),
    [
      ...('path' in source ? [source.path] : ['--loader=ts']),
      ...['--bundle', '--platform=node', '--format=cjs', '--target=node22', '--log-level=warning'],
      ...[`--outfile=${path}`, ...options],
    ],
    { cwd: ROOT, ...('code' in source && { input: source.code }) },
  );
  return {
    path,
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** Functions that say what they were given. */
export const SAMPLE = `
import { app } from '@azure/functions';
app.hook.appStart((context) => { context.hookData.order = ['appStart']; });
app.hook.preInvocation((context) => {
  const handler = context.functionHandler;
  context.hookData.wrapped = true;
  context.functionHandler = (...args) => handler(...args);
});
app.hook.postInvocation((context) => {
  context.invocationContext.log('after ' + String(context.hookData.wrapped) + ' ' + String(context.error?.message ?? ''));
});
app.timer('tick', {
  schedule: '%TICK_SCHEDULE%',
  handler: async (timer, context) => { context.log('tick ' + JSON.stringify(timer)); return timer.isPastDue; },
});
app.timer('bad', { schedule: '0 0 0 1 1 *', handler: () => { throw new Error('bad timer'); } });
app.http('echo', {
  route: 'api/echo/{id?}', methods: ['GET', 'POST'], authLevel: 'function',
  handler: async (request) => ({
    status: 201, headers: { 'x-method': request.method },
    jsonBody: {
      url: request.url, params: request.params, query: Object.fromEntries(request.query),
      agent: request.headers.get('x-agent'), body: await request.text(),
    },
  }),
});
app.http('literal', { route: 'api/echo/all', methods: ['GET'], authLevel: 'function', handler: async () => ({ body: 'all' }) });
app.http('nothing', { route: 'api/nothing', methods: ['DELETE'], authLevel: 'function', handler: async () => undefined });
app.http('broken', { route: 'api/broken', methods: ['GET'], authLevel: 'function', handler: async () => { throw new Error('broken'); } });
`;

export const STREAMING = `
import { app } from '@azure/functions';
app.setup({ enableHttpStream: true });
app.http('stream', {
  route: 'api/stream/{count:int}', methods: ['GET', 'POST'], authLevel: 'function',
  handler: async (request) => {
    const encoder = new TextEncoder();
    const text = await request.text();
    return { headers: { 'content-type': 'text/plain' }, body: new ReadableStream({
      async start(controller) {
        for (let i = 0; i < Number(request.params.count); i++) {
          controller.enqueue(encoder.encode(i + text + request.query.get('end') + '\\n'));
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        controller.close();
      },
    }) };
  },
});
app.http('broken', { route: 'api/broken', methods: ['GET'], authLevel: 'function', handler: async () => { throw new Error('broken'); } });
`;
