import { readExports } from '../../shared/adapters/files/export-source';
import { memoryStores } from './memory-stores';
import { DETECTORS } from '../../shared/detectors/index';
import { configureDetectors } from '../../shared/config/detectors';
import { toInstant } from '../../shared/domain/time';
import { analyze, type Analysis } from '../../shared/pipeline/analyze';
import { wantedBy } from '../../shared/pipeline/findings/select';

/** Runs `analyze` over files without a terminal. */
export async function analyzeFiles(inputs: string[]): Promise<Analysis> {
  const configured = configureDetectors({}, DETECTORS, true);
  const detectors = configured.map((each) => each.detector);
  const pages = readExports(inputs, {
    wanted: {
      directoryAudits: wantedBy(detectors, 'directoryAudits'),
      signIns: wantedBy(detectors, 'signIns'),
    },
  });
  return analyze(pages, configured, () => memoryStores(), {
    tenantId: 'test',
    clock: { now: () => toInstant('2026-01-01T00:00:00Z') },
  });
}
