import { CSV_COLUMNS } from '../../../shared/adapters/export/csv';
import { exportFormat } from '../../../shared/adapters/export/formats';
import { DETECTORS } from '../../../shared/detectors/index';
import type { Finding } from '../../../shared/domain/findings/finding';
import { finding, HOSTILE, minutes } from '../../contracts/samples';

const about = {
  version: '1.2.3',
  detectorOf: (id: string) => DETECTORS.find((each) => each.id === id),
};
const [csv, ndjson, ocsf] = (['csv', 'ndjson', 'ocsf'] as const).map((name) =>
  exportFormat(name, about),
);
const event = (of: Finding): Record<string, unknown> =>
  JSON.parse(ocsf!.line(of, [])) as Record<string, unknown>;

const FORMULAS = [
  '=1+1',
  '+1',
  '-1',
  '@SUM(A1)',
  '\t=1',
  '\r=1',
  '\u0000=1',
  '＝1',
  '=HYPERLINK("x")',
];
const SCRIPT = '<script>alert(1)</script>';

/** A finding with a text in every field that may hold one. */
const full = (text: string): Finding => ({
  ...finding('0123456789abcdef', 'a', { title: text, summary: text, message: text }),
  subject: { type: 'user', id: text, name: text },
  resolution: text,
  suppressed: { rule: text },
  act: { verb: 'resolve', reason: 'accepted', by: text, at: minutes(5), note: text },
  facts: { fact: text },
  evidence: [{ source: 'signIns', eventId: text, at: minutes(0), kind: text, what: text }],
});

describe('export formats', () => {
  it.each([...FORMULAS, ...HOSTILE, SCRIPT])('csv holds %j as one harmless cell', (text) => {
    const row = csv!.line(full(text), []);

    expect(row.endsWith('"\n')).toBe(true);
    const cells = row.slice(1, -2).split('","');
    // eslint-disable-next-line no-control-regex -- what must not be there
    expect(row.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u202e\ufeff]/);
    expect(
      cells.filter((cell) => /^[=+\-@＝]/.test(cell.replaceAll('""', '"').trimStart())),
    ).toEqual([]);
    expect(csv!.head.split('","')).toHaveLength(CSV_COLUMNS.length);
  });

  it('csv rows and manifest have as many cells as the head', () => {
    const width = (row: string): number => row.slice(1, -2).split('","').length;

    expect(width(csv!.line(full('text'), []))).toBe(CSV_COLUMNS.length);
    expect(width(csv!.last({} as never))).toBe(CSV_COLUMNS.length);
  });

  it('names the message of a finding in every format', () => {
    const each = finding('0123456789abcdef', 'a', { message: 'blocked' });
    const cells = csv!.line(each, []).slice(1, -2).split('","');

    expect(cells[CSV_COLUMNS.indexOf('message')]).toBe('blocked');
    expect(JSON.parse(ndjson!.line(each, []))).toMatchObject({ message: 'blocked' });
    expect(event(each)).toMatchObject({ unmapped: { message: 'blocked' } });
  });

  it.each([...HOSTILE, SCRIPT])('ndjson and ocsf keep %j exactly, on one harmless line', (text) => {
    for (const format of [ndjson!, ocsf!]) {
      const line = format.line(full(text), []);

      // eslint-disable-next-line no-control-regex -- what must not be there
      expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u202e\ufeff<>]/);
      expect(JSON.stringify(JSON.parse(line))).toContain(JSON.stringify(text.toWellFormed()));
    }
  });

  describe('ocsf', () => {
    it('has what a Detection Finding of 1.5.0 must have', () => {
      const detector = DETECTORS.find(({ id }) => id === 'eas-success-despite-ca-failure')!;
      const made = event({ ...finding('0123456789abcdef'), detector: detector.id, sequence: 1 });

      expect(made).toMatchObject({
        ...{ activity_id: 1, category_uid: 2, class_uid: 2004, type_uid: 200401 },
        ...{ severity_id: 4, status_id: 1, is_alert: true },
        time: expect.any(Number) as unknown,
        metadata: { version: '1.5.0', product: { name: 'Crosscheck', vendor_name: 'Crosscheck' } },
        finding_info: {
          ...{ uid: finding('0123456789abcdef').id, title: 'It' },
          analytic: { type_id: 1, uid: detector.id, name: detector.title },
          attacks: [
            { technique: { uid: 'T1078' }, sub_technique: { uid: 'T1078.004' } },
            { technique: { uid: 'T1114' }, sub_technique: { uid: 'T1114.002' } },
          ],
          related_events: [{ uid: 'event-1' }],
        },
        resources: [{ uid: 'user-1', name: 'Ada' }],
        evidences: [{ user: { uid: 'user-1' }, data: { eventId: 'event-1' } }],
      });
    });

    it.each<[string, Partial<Finding>, readonly number[]]>([
      ['first written', { sequence: 1 }, [1, 1, 4]],
      ['changed', { sequence: 2 }, [2, 1, 4]],
      ['acknowledged', { sequence: 2, status: 'acknowledged' }, [2, 2, 4]],
      ['suppressed', { sequence: 1, suppressed: { rule: 'r' } }, [1, 3, 4]],
      ['resolved', { sequence: 2, status: 'resolved', severity: 'critical' }, [3, 4, 5]],
      ['info', { sequence: 1, severity: 'info' }, [1, 1, 1]],
    ])('%s: activity, status and severity', (_, over, ids) => {
      const made = event(finding('0123456789abcdef', 'a', over));

      expect([made['activity_id'], made['status_id'], made['severity_id']]).toEqual(ids);
      expect(made['type_uid']).toBe(200_400 + ids[0]!);
    });
  });
});
