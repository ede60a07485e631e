import { join } from 'node:path';
import { analyzeFiles } from '../fakes/analyze-files';

/** Real public records, beside the repository: run with SAMPLES_DIR. Kept out of `npm test`, which has no such folder. */
const samples = process.env['SAMPLES_DIR'] ?? join(__dirname, '../../../shared/samples');

/** Every reason to skip a row that these records give, and what a person says of it. */
const EXPLAINED: readonly [reason: RegExp, rows: number][] = [
  [/^the record has no id$/, 18], // rule tests written by hand
  [/has no zone/, 9], // likewise
  [/^ServicePrincipalSignInLogs records are not read/, 8],
  [/^unified audit log records/, 7],
];

describe('analyze over real records', () => {
  it('finds nothing that a person would call wrong', async () => {
    const analysis = await analyzeFiles([samples]);

    expect(analysis.findings).toEqual([]);
    expect(analysis.pending).toEqual([]);
    expect(analysis.undetermined).toEqual([]);
  });

  it('skips no row without a reason that is known and counted', async () => {
    const analysis = await analyzeFiles([samples]);
    const skipped = Object.values(analysis.read).flatMap((each) => each.skipped);

    for (const [reason, rows] of EXPLAINED) {
      const count = skipped
        .filter((each) => reason.test(each.reason))
        .reduce((sum, each) => sum + each.count, 0);
      expect([reason.source, count]).toEqual([reason.source, rows]);
    }
    const unexplained = skipped.filter(
      (each) => !EXPLAINED.some(([reason]) => reason.test(each.reason)),
    );
    expect(unexplained).toEqual([]);
    expect(analysis.unreadable).toEqual([]);
  });

  it('reads every record that has an id and a time', async () => {
    const analysis = await analyzeFiles([samples]);

    expect(analysis.read.directoryAudits).toMatchObject({ records: 39, malformed: 9 });
    expect(analysis.read.signIns).toMatchObject({ records: 25, malformed: 18 });
    expect(analysis.read.unrecognised).toMatchObject({ records: 15, malformed: 0 });
  });
});
