import {
  BundleError,
  loadFunctions,
  type FunctionsHost,
  type LogLine,
} from '../../../cli/local-host/functions-core';
import { httpInput } from '../../../cli/local-host/http';
import { buildBundle, REAL_MODULES, SAMPLE } from './bundles';

const TIMER = {
  json: JSON.stringify({
    Schedule: { AdjustForDST: true },
    ScheduleStatus: { Last: 'a', Next: 'b', LastUpdated: 'c' },
    IsPastDue: true,
  }),
};

/** Loads code as a bundle and removes it again. */
const load = async (code: string, log?: (line: LogLine) => void): Promise<FunctionsHost> => {
  const bundle = buildBundle({ code });
  try {
    return await loadFunctions(bundle.path, {
      moduleSystem: REAL_MODULES,
      ...(log !== undefined && { log }),
    });
  } finally {
    bundle.remove();
  }
};

describe('a loaded bundle', () => {
  let host: FunctionsHost;
  const lines: LogLine[] = [];
  beforeAll(async () => {
    host = await load(SAMPLE, (line) => lines.push(line));
  });
  afterAll(() => host.close());
  beforeEach(() => {
    lines.length = 0;
  });

  it('has registered its functions', () => {
    expect(host.functions.map(({ name, trigger }) => [name, trigger.type])).toEqual([
      ['tick', 'timerTrigger'],
      ['bad', 'timerTrigger'],
      ['echo', 'httpTrigger'],
      ['literal', 'httpTrigger'],
      ['nothing', 'httpTrigger'],
      ['broken', 'httpTrigger'],
    ]);
    expect(host.functions[2]?.trigger).toMatchObject({
      route: 'api/echo/{id?}',
      methods: ['GET', 'POST'],
      authLevel: 'function',
    });
  });

  it('gives a timer what the host sends, turned by the library', async () => {
    const { returnValue } = await host.invoke('tick', { input: TIMER });

    const [said, after] = lines;
    expect(JSON.parse(said!.message.slice('tick '.length))).toEqual({
      schedule: { adjustForDST: true },
      scheduleStatus: { last: 'a', next: 'b', lastUpdated: 'c' },
      isPastDue: true,
    });
    expect(said).toMatchObject({ level: 'information', category: 'user', functionName: 'tick' });
    expect(after?.message).toBe('after true ');
    expect(returnValue).toEqual({ json: 'true' });
  });

  it('gives a request through, and its answer back', async () => {
    const { returnValue } = await host.invoke(
      'echo',
      httpInput({
        method: 'POST',
        url: new URL('http://127.0.0.1:7071/api/echo/7?q=1'),
        headers: { 'x-agent': 'test' },
        params: { id: '7' },
        body: Buffer.from('text'),
      }),
    );

    const { statusCode, headers, body } = returnValue!.http!;
    expect([statusCode, headers?.['x-method']]).toEqual(['201', 'POST']);
    expect(JSON.parse(Buffer.from(body!.bytes!).toString())).toEqual({
      url: 'http://127.0.0.1:7071/api/echo/7?q=1',
      params: { id: '7' },
      query: { q: '1' },
      agent: 'test',
      body: 'text',
    });
  });

  it('passes on what a function throws, once its hooks have seen it', async () => {
    await expect(host.invoke('bad', { input: TIMER })).rejects.toThrow('bad timer');

    expect(lines.map((line) => line.message)).toEqual(['after true bad timer']);
  });

  it('does not know a function that is not there', async () => {
    await expect(host.invoke('other', { input: TIMER })).rejects.toThrow(BundleError);
  });
});

describe('a bundle is refused that', () => {
  const timer = "app.timer('t', { schedule: '0 0 0 1 1 *', handler: () => undefined });";
  const imported = "import { app } from '@azure/functions';";

  it.each([
    ['registers nothing', 'void 0;', 'registers no function'],
    [
      'throws before it registers anything',
      `throw new Error('no settings');`,
      'throws when it is loaded: no settings',
    ],
    [
      'throws after it registered something',
      `${imported} ${timer} throw new Error('late');`,
      'throws when it is loaded: late',
    ],
    ['registers a name twice', `${imported} ${timer} ${timer}`, 'registered twice'],
    [
      'needs a module that is not in it',
      "(module => require(module))('not-bundled');",
      'throws when it is loaded: Cannot find module',
    ],
  ])('%s', async (_, code, message) => {
    await expect(load(code)).rejects.toThrow(message);
  });

  it('registers while it runs', async () => {
    const host = await load(
      `${imported} app.timer('t', { schedule: '0 0 0 1 1 *', handler: () => { ${timer} } });`,
    );

    await expect(host.invoke('t', { input: TIMER })).rejects.toThrow('during app startup');
  });
});
