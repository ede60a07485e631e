import { z } from 'zod';
import {
  EXPORT_FORMATS,
  exportFindings,
  type ExportFormat,
  type Manifest,
} from '../pipeline/queries/export-findings';
import { signatureOf } from './access';
import { answer } from './answer';
import { endpoint } from './endpoint';
import { exportQuery, filterOf } from './requests';

/**
 * The platform ends an answer after 230 s. And the library that carries it does not wait for slow readers
 * (@azure/functions 4.16, src/http/httpProxy.ts), so what one answer holds is what memory must hold in the worst case.
 */
const BUDGET = { time: 180_000, characters: 48_000_000 };

/** An export that had to end before its last finding and may not say so in its text. */
export class ExportCutError extends Error {
  override readonly name = 'ExportCutError';
}

/** `GET /api/export`: begins the answer only once the first page is there, so that what is wrong is said. */
export const exportFindingsAs = endpoint({
  summary: 'All findings of a filter, as a stream',
  takes: { query: exportQuery },
  response: z.never(), // no JSON, but what `others` says
  others: {
    200: {
      description: `One of ${EXPORT_FORMATS.join(', ')}; the last line is the manifest.`,
      content: {
        'text/csv': { schema: z.string() },
        'application/x-ndjson': { schema: z.string() },
      },
    },
  },
  handle: async ({ query }, { monitor, principal }) => {
    const { format: name, manifest, after } = query;
    const { stores, clock, version, config } = monitor;
    const format = await monitor.exportFormat(name);
    const pieces = exportFindings({
      ...{ index: stores.index, findings: stores.findings, clock },
      ...{ budget: BUDGET, format, name, filter: filterOf(query) },
      about: { version, tenantId: config.tenantId, requestedBy: signatureOf(principal) },
      ...(after !== undefined && { after }),
    });
    const first = await pieces.next();
    const body = withManifest(first, pieces, manifest === 'last' ? format : undefined);
    const file = `crosscheck-findings.${format.extension}`;
    return answer(200, format.contentType, body, {
      'Content-Disposition': `attachment; filename="${file}"`,
    });
  },
});

async function* withManifest(
  first: IteratorResult<string, Manifest>,
  pieces: AsyncGenerator<string, Manifest>,
  format: ExportFormat | undefined,
): AsyncGenerator<string, void> {
  try {
    let step = first;
    while (step.done !== true) {
      yield step.value;
      step = await pieces.next();
    }
    if (format !== undefined) {
      yield format.last(step.value);
    } else if (!step.value.complete) {
      throw new ExportCutError(
        step.value.next === undefined
          ? `${step.value.unreadable} findings cannot be read and are left out; ask with manifest=last, which says so`
          : 'one answer cannot hold this export; ask with manifest=last, and go on with its `next`',
      );
    }
  } finally {
    await pieces.return(undefined as never); // whoever asked may have gone away
  }
}
