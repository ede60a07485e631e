import type { Clocks } from '../../domain/reading/wrong-clock';
import { SourceError } from '../../pipeline/ports/record-source';
import type { Now } from '../../pipeline/ports/clock';
import { refusal } from './errors';
import { graphClient, type GraphClientOptions } from './graph-client';
import { clocksOf } from './server-clock';

/** What one small request to Graph came to. */
export interface GraphProbe {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly error?: SourceError;
  /** Graph's clock, and ours in the middle of the request; absent when nothing answered. */
  readonly clocks?: Clocks;
}

/** Asks Graph once, by the client that the polls use. Never throws: a refusal is what it is for. */
export function graphProbe(
  options: GraphClientOptions & { readonly clock: Now },
): (path: string, signal: AbortSignal) => Promise<GraphProbe> {
  const get = graphClient(options);
  return async (path, signal) => {
    const asked = options.clock.now();
    try {
      const response = await get(path, signal);
      const answered = options.clock.now();
      const clocks = clocksOf(response, { asked, answered });
      const said = clocks === undefined ? {} : { clocks };
      return response.ok
        ? { rows: await rowsOf(response), ...said }
        : { rows: [], error: await refusal(response, false), ...said };
    } catch (error) {
      return { rows: [], error: error instanceof SourceError ? error : unreached(error) };
    }
  };
}

async function rowsOf(response: Response): Promise<GraphProbe['rows']> {
  const { value } = (await response.json()) as { readonly value?: unknown };
  if (!Array.isArray(value)) {
    throw new SourceError(
      'bad-answer',
      'what answers 200 is not Microsoft Graph',
      'Check GRAPH_BASE_URL and what stands between this machine and Graph.',
    );
  }
  return value.filter(
    (row): row is Record<string, unknown> => typeof row === 'object' && row !== null,
  );
}

function unreached(error: unknown): SourceError {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } };
  const code = typeof cause?.code === 'string' ? ` (${cause.code})` : '';
  return new SourceError(
    'unavailable',
    `Graph cannot be reached${code}`,
    'Check the network and GRAPH_BASE_URL.',
  );
}
