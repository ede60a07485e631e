import type { Answer } from '../../shared/api/answer';
import { toInstant, type Instant } from '../../shared/domain/time';
import type { CoverageReport } from '../../shared/pipeline/queries/coverage-report';
import { ask, monitorOver } from '../fakes/api-monitor';
import { memoryStores } from '../fakes/memory-stores';

const NOW = toInstant('2026-06-10T12:00:00Z');

describe('GET /api/coverage', () => {
  const asked: { from?: Instant; to?: Instant }[] = [];
  const coverage = (range: { from?: Instant; to?: Instant }): Promise<CoverageReport> => {
    asked.push(range);
    const unreadableRows = { open: [], accepted: [], others: 0 };
    return Promise.resolve({ asOf: NOW, sources: [], unreadableRows });
  };
  const asking = (parameters: Record<string, string>): Promise<Answer> =>
    ask(
      monitorOver(memoryStores(), { coverage }),
      `GET /api/coverage?${new URLSearchParams(parameters).toString()}`,
    );
  beforeEach(() => {
    asked.length = 0;
  });

  it.each<[Record<string, string>, object]>([
    [{}, {}],
    [{ from: '2026-06-10T00:00:00Z' }, { from: '2026-06-10T00:00:00.0000000Z' }],
    [
      { from: '2026-06-10T02:00:00+02:00', to: '2026-06-11T00:00:00Z' },
      { from: '2026-06-10T00:00:00.0000000Z', to: '2026-06-11T00:00:00.0000000Z' },
    ],
  ])('answers %j', async (parameters, range) => {
    const { status, headers, body } = await asking(parameters);

    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
    });
    expect(JSON.parse(body as string)).toMatchObject({ asOf: NOW, sources: [] });
    expect(asked).toEqual([range]);
  });

  it.each<[string, Record<string, string>, string]>([
    ['no time', { from: 'yesterday' }, 'from: takes a day like 2026-01-31 or a time like'],
    ['a time without a zone', { to: '2026-06-10T00:00:00' }, 'to: takes a day like'],
    ['a text that is too long', { from: 'x'.repeat(41) }, 'from: '],
    ['a parameter that is not there', { source: 'signIns' }, 'source'],
    ['two at once', { from: 'x', to: 'y' }, '12:00:00Z; to: takes a day'],
  ])('refuses %s by name', async (_what, parameters, detail) => {
    const { status, headers, body } = await asking(parameters);

    expect(status).toBe(400);
    expect(headers['Content-Type']).toBe('application/problem+json');
    const problem = JSON.parse(body as string) as { status: number; detail: string };
    expect(problem.status).toBe(400);
    expect(problem.detail).toContain(detail);
    expect(asked).toEqual([]);
  });
});
