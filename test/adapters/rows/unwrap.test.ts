import { unwrap } from '../../../shared/adapters/rows/unwrap';

type Row = Record<string, unknown>;

const audit = (id: string): Row => ({
  id,
  activityDateTime: '2026-03-02T12:00:00Z',
  activityDisplayName: 'Update user',
  targetResources: [],
});
const A = audit('a');
const B = audit('b');
const record = (properties: Row): Row => ({ category: 'AuditLogs', properties });
const text = (value: unknown): string => JSON.stringify(value);
const columns = (table: Row): Row => ({ tables: [table] });
const CELLS = ['a', '2026-03-02T12:00:00Z', 'Update user', '[]'];
const NAMES = ['Id', 'ActivityDateTime', 'ActivityDisplayName', 'TargetResources'];

describe('adapters/rows/unwrap', () => {
  it.each<[what: string, row: Row, gives: readonly Row[]]>([
    ['nothing around it', A, [A]],
    ['Logstash', { '@timestamp': 'x', message: text(record(A)) }, [A]],
    ['Logstash, a batch', { message: text({ records: [record(A), record(B)] }) }, [A, B]],
    ['Splunk, a search export', { preview: false, result: { _raw: text(record(A)) } }, [A]],
    ['Splunk, a search of the API', { results: [{ _raw: text(A) }, { _raw: text(B) }] }, [A, B]],
    ['Splunk, a CSV', { _raw: text(A), _time: 'x' }, [A]],
    ['Splunk, body', { body: record(A) }, [A]],
    ['Splunk, body as text', { body: text(record(A)) }, [A]],
    ['Splunk, records in body', { body: { records: [record(A), record(B)] } }, [A, B]],
    ['Splunk, the event collector', { sourcetype: 'x', event: record(A) }, [A]],
    ['Elastic', { event: { original: text(record(A)) } }, [A]],
    ['Elastic, flat', { 'event.original': text(A) }, [A]],
    ['Elastic, a hit', { _index: 'i', _source: { event: { original: text(A) } } }, [A]],
    ['Elastic, fields', { _index: 'i', fields: { 'event.original': [text(A)] } }, [A]],
    [
      'Elasticsearch, a search result',
      { took: 1, hits: { total: 2, hits: [{ _source: A }, { _source: { message: text(B) } }] } },
      [A, B],
    ],
    ['Elasticsearch, nothing found', { took: 1, hits: { hits: [] } }, []],
    ['Wazuh', { rule: { id: '1' }, data: { ...A, azure_tag: 'x' } }, [{ ...A, azure_tag: 'x' }]],
    ['Wazuh, Microsoft Graph', { data: { integration: 'ms-graph', 'ms-graph': A } }, [A]],
    [
      '$batch of Graph',
      {
        responses: [
          { id: '1', body: { value: [A] } },
          { id: '2', body: { value: [B] } },
        ],
      },
      [A, B],
    ],
    [
      'Event Hubs Capture, as avro-tools writes it',
      { Body: { bytes: text({ records: [record(A)] }) } },
      [A],
    ],
    [
      'the API of Log Analytics',
      columns({ columns: NAMES.map((name) => ({ name, type: 'string' })), rows: [CELLS] }),
      [A],
    ],
    [
      'the older API of Log Analytics',
      { Tables: [{ Columns: NAMES.map((ColumnName) => ({ ColumnName })), Rows: [CELLS] }] },
      [A],
    ],
    ['Invoke-AzOperationalInsightsQuery', { Results: [A, B] }, [A, B]],
  ])('takes the records out of %s', (_what, row, gives) => {
    expect(unwrap(row)).toEqual(gives.map((each) => ({ source: 'directoryAudits', row: each })));
  });

  it('keeps what bytes say in any language', () => {
    const bytes = Buffer.from(text({ ...A, id: 'é–ü' })).toString('latin1');

    expect(unwrap({ Body: { bytes } })).toMatchObject([{ row: { id: 'é–ü' } }]);
  });

  it('names what of a wrapped batch is no record', () => {
    expect(unwrap({ responses: [{ body: A }, { body: { error: { code: 'x' } } }] })).toMatchObject([
      { row: A },
      { refused: expect.stringContaining('$batch in the property responses') as string },
    ]);
  });

  it.each<[what: string, row: Row, sentence: string]>([
    [
      'a normalised document',
      { _source: { azure: {} } },
      'by Elasticsearch in the property _source, in which',
    ],
    ['a raw line that is no JSON', { _raw: 'CEF:0|x' }, 'by Splunk in the property _raw, in which'],
    [
      'a cut message',
      { message: '{"category":"AuditL' },
      'by Logstash in the property message, whose JSON text is cut',
    ],
    [
      'a cut body',
      { body: '{"records":[{"cat' },
      'by Splunk in the property body, whose JSON text is cut',
    ],
    [
      'a property that nobody knows',
      { payload: { inner: text(A) } },
      "in its property payload.inner, where none is looked for; write these records alone to a file, as with: jq -c '.payload.inner'",
    ],
    [
      'a log line',
      { message: 'hello', level: 30 },
      'is neither an audit record nor a sign-in record',
    ],
    ['anything', { data: { x: 1 }, event: { y: 2 }, body: {} }, 'is neither'],
    ['a name that may be anything', { 'ann@example.com': A }, 'is neither'],
    ['a matryoshka', { data: { data: { data: { data: { data: { data: A } } } } } }, 'is neither'],
  ])('refuses %s and says why', (_what, row, sentence) => {
    expect(unwrap(row)).toEqual([{ refused: expect.stringContaining(sentence) as string }]);
  });

  it('does not unwrap what is a record, whatever it holds', () => {
    expect(unwrap({ ...A, data: B, message: text(B) })).toMatchObject([{ row: { id: 'a' } }]);
    expect(unwrap({ category: 'RiskyUsers', properties: {}, data: B })).toMatchObject([
      { ignored: 'RiskyUsers records are not read by any detector' },
    ]);
  });
});
