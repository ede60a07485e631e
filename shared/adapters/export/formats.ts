import type { Detector } from '../../domain/detector';
import { findingWithHistory } from '../../domain/findings/finding-json';
import { safeJson } from '../../domain/text';
import type { ExportFormat, ExportFormatName } from '../../pipeline/queries/export-findings';
import { csvFinding, csvHead, csvLast } from './csv';
import { ocsfEvent } from './ocsf';

/** The format of that name. */
export function exportFormat(
  name: ExportFormatName,
  about: {
    readonly version: string;
    readonly detectorOf: (id: string) => Detector | undefined;
  },
): ExportFormat {
  const ndjson: ExportFormat = {
    contentType: 'application/x-ndjson; charset=utf-8',
    extension: 'ndjson',
    head: '',
    hasHistory: true,
    line: (finding, history) => `${safeJson(findingWithHistory(finding, history))}\n`,
    last: (manifest) => `${safeJson({ manifest })}\n`,
  };
  switch (name) {
    case 'ndjson':
      return ndjson;
    case 'ocsf':
      return {
        ...ndjson,
        extension: 'ocsf.ndjson',
        hasHistory: false,
        line: (finding) => {
          const { version, detectorOf } = about;
          const event = ocsfEvent(finding, { version, detector: detectorOf(finding.detector) });
          return `${safeJson(event)}\n`;
        },
      };
    case 'csv':
      return {
        contentType: 'text/csv; charset=utf-8; header=present',
        extension: 'csv',
        head: csvHead(),
        hasHistory: false,
        line: csvFinding,
        last: (manifest) => csvLast(JSON.stringify(manifest)),
      };
  }
}
