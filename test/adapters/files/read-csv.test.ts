import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import {
  readExport,
  type FileRow,
  type ReadOptions,
} from '../../../shared/adapters/files/read-file';
import { folderWith } from '../../fakes/folder';

async function readAll(
  content: string | Uint8Array,
  options?: ReadOptions,
): Promise<{ rows: FileRow[]; error?: string }> {
  const file = options === undefined ? join(folderWith({ log: content }), 'log') : '-';
  const rows: FileRow[] = [];
  try {
    for await (const batch of readExport(file, options)) {
      rows.push(...batch);
    }
    return { rows };
  } catch (error) {
    return { rows, error: (error as Error).message };
  }
}

const row = (each: FileRow): unknown =>
  'problem' in each ? { problem: each.problem } : 'row' in each ? each.row : each.page;
const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;
const timesOf = async (header: string, times: readonly string[]): Promise<unknown[]> => {
  const text = `Id,${header}\n${times.map((time, i) => `${i},${quoted(time)}`).join('\n')}\n`;
  const { rows, error } = await readAll(text);
  const name = header.replace(/ .*/, '');
  return error === undefined
    ? rows.map((each) => ('row' in each ? each.row[name] : row(each)))
    : [error];
};

const JSON_CELL = '[{"id":"ann",\n "modifiedProperties":[{"newValue":"[{\\"Id\\":\\"x\\"}]"}]}]';
const TEXT = `Id,TargetResources,Empty\n1,${quoted(JSON_CELL)},\n2,[],x\n`;
const ROWS = [
  { Id: '1', TargetResources: JSON_CELL },
  { Id: '2', TargetResources: '[]', Empty: 'x' },
];

describe('adapters/files/read-csv', () => {
  it.each<[string, string | Uint8Array]>([
    ['with JSON over several lines in a cell', TEXT],
    ['with a byte order mark', `\ufeff${TEXT}`],
    ['with the line ends of Windows', TEXT.replaceAll(/\n(?! )/g, '\r\n')],
    ['with a blank line', TEXT.replace('\n2', '\n\n2')],
    ['in UTF-16', Buffer.from(`\ufeff${TEXT}`, 'utf16le')],
    ['in gzip', gzipSync(TEXT)],
    [
      'with quotes around the names',
      TEXT.replace('Id,TargetResources,Empty', '"Id","TargetResources","Empty"'),
    ],
    ['of a spreadsheet', TEXT.replaceAll(/,(?=TargetR|Empty|"|\[\]|\n2|x\n)/g, ';')],
    ['with tabs', TEXT.replaceAll(/,(?=TargetR|Empty|"|\[\]|\n2|x\n)/g, '\t')],
  ])('reads a file %s', async (_what, content) => {
    const { rows, error } = await readAll(content);

    expect(error).toBeUndefined();
    expect(rows.map(row)).toEqual(ROWS);
    expect(rows.map(({ index }) => index)).toEqual([0, 1]);
    expect(rows[0]).toMatchObject({ line: 2 });
  });

  it('reads a file that is larger than any piece, letters of any language whole', async () => {
    const name = 'Zoë – 😀'.repeat(20);
    const lines = Array.from({ length: 3_000 }, (_, id) => `${id},${name}`);

    const { rows } = await readAll(`Id,Name\n${lines.join('\n')}`);

    expect(rows).toHaveLength(3_000);
    expect(rows.every((each) => 'row' in each && each.row['Name'] === name)).toBe(true);
    expect(rows.at(-1)).toMatchObject({ line: 3_001, index: 2_999, row: { Id: '2999' } });
  });

  it.each<[string, string, RegExp, number]>([
    ['more cells than the header', '1,2\n1,2,3\n4,5', /more or fewer cells/, 3],
    ['fewer cells than the header', '1,2\n1\n4,5', /more or fewer cells/, 3],
    ['a quotation mark out of place', '1,2\n1,x"y\n4,5', /quotation mark/, 3],
    ['no end', '1,2\n4,5\n1,"2', /the file ends in the middle of a row/, 4],
  ])('names a row that has %s and goes on', async (_what, text, problem, line) => {
    const { rows } = await readAll(`Id,Name\n${text}`);

    expect(rows.filter((each) => 'problem' in each)).toMatchObject([
      { line, problem: expect.stringMatching(problem) as string },
    ]);
    expect(rows.map(row)).toContainEqual({ Id: '1', Name: '2' });
    expect(rows.map(row)).toContainEqual({ Id: '4', Name: '5' });
  });

  it.each<[header: string, times: string[], gives: string[]]>([
    ['ActivityDateTime', ['2026-03-02T09:00:00.1Z'], ['2026-03-02T09:00:00.1Z']],
    ['ActivityDateTime [UTC]', ['2026-03-02T09:00:00.1Z'], ['2026-03-02T09:00:00.1Z']],
    ['ActivityDateTime [UTC]', ['2026-03-02 09:00:00.1'], ['2026-03-02 09:00:00.1Z']],
    ['CreatedDateTime (UTC)', ['2026/03/02 9:00:00'], ['2026-03-02T09:00:00Z']],
    // one day after the 12th tells the order of all
    [
      'CreatedDateTime [UTC]',
      ['3/2/2026, 9:00:00.100 AM', '3/14/2026, 12:30:00.000 PM'],
      ['2026-03-02T09:00:00.100Z', '2026-03-14T12:30:00.000Z'],
    ],
    [
      'ActivityDateTime [UTC]',
      ['02/03/2026, 09:00:00.100', '14/03/2026, 00:30:00.000'],
      ['2026-03-02T09:00:00.100Z', '2026-03-14T00:30:00.000Z'],
    ],
    [
      'ActivityDateTime [UTC]',
      ['2/3/2026, 9:00:00.100\u202fpm', '14/3/2026, 12:00:00 a. m.'],
      ['2026-03-02T21:00:00.100Z', '2026-03-14T00:00:00Z'],
    ],
    // in which nothing can be confused
    ['ActivityDateTime [UTC]', ['3/3/2026, 9:00:00 AM'], ['2026-03-03T09:00:00Z']],
    ['ActivityDateTime [UTC]', ['2.3.2026, 09:00:00,100'], ['2026-03-02T09:00:00.100Z']],
    ['ActivityDateTime [UTC]', ['2-3-2026 09:00:00'], ['2026-03-02T09:00:00Z']],
    // left as they stand, to be named by whoever reads times
    ['ActivityDateTime', ['3/2/2026, 9:00:00 AM'], ['3/2/2026, 9:00:00 AM']],
    ['ActivityDateTime [UTC]', ['Monday'], ['Monday']],
    ['ActivityDateTime [UTC]', ['13.3.2026 09:00'], ['13.3.2026 09:00']],
    ['TimeGenerated [UTC]', ['3/2/2026, 9:00:00 AM'], []],
  ])('reads the times of %s: %j', async (header, times, gives) => {
    const expected = gives.length > 0 ? gives : times.map(() => undefined);

    expect(await timesOf(header, times)).toEqual(expected);
  });

  it.each<[what: string, text: string, sentence: RegExp]>([
    [
      'day and month cannot be told apart',
      'Id,ActivityDateTime [UTC]\n1,"3/2/2026, 9:00:00.100 AM"\n2,"12/2/2026, 9:00:00.100 AM"',
      /does not tell day from month: ActivityDateTime holds times such as "3\/2\/2026, 9:00:00\.100 AM"; add ".*tostring/,
    ],
    [
      'its times are local',
      'Id,ActivityDateTime [Eastern Time (US & Canada)]\n1,x',
      /times that are not in UTC \(ActivityDateTime\); choose UTC/,
    ],
    [
      "it is the portal's audit log",
      'Date (UTC),CorrelationId,Service,Category,Activity,Result,ActorUserPrincipalName\n1,2,3,4,5,6,7',
      /audit log, which has no ids of the records .* Download > JSON/,
    ],
    [
      "it is the portal's sign-in log without columns that are needed",
      'Date (UTC),Request ID,User,Status\n1,2,3,4',
      /lacks User ID, Client app, Conditional Access; download JSON/,
    ],
    [
      'it is in another language',
      'Datum (UTC),Anforderungs-ID,Benutzer\n1,2,3',
      /other than English/,
    ],
    ['it has dates and no ids', 'Date (UTC),User\n1,2', /no ids of the records/],
  ])('refuses a file when %s, saying what to do', async (_what, text, sentence) => {
    const { rows, error } = await readAll(text);

    expect(rows).toEqual([]);
    expect(error).toMatch(sentence);
  });

  it('reads standard input, unless it must be looked through first', async () => {
    const from = (text: string): ReadOptions => ({ stdin: Readable.from([Buffer.from(text)]) });

    const plain = await readAll('', from(TEXT));
    const doubtful = await readAll(
      '',
      from('Id,ActivityDateTime [UTC]\n1,"3/14/2026, 9:00:00 AM"'),
    );

    expect(plain.rows.map(row)).toEqual(ROWS);
    expect(doubtful.error).toMatch(/standard input: .*save it to a file and name that file/);
  });

  it('takes the first of two columns of one name', async () => {
    const { rows } = await readAll('Id,Type,Type\n1,a,b');

    expect(rows.map(row)).toEqual([{ Id: '1', Type: 'a' }]);
  });
});

describe('adapters/files/read-file, of formats that are not read', () => {
  it.each<[string, string, RegExp]>([
    ['Avro', 'Obj\u0001\u0004\u0016avro.schema\u0000', /is Avro, .*avro-tools tojson/],
    ['Parquet', 'PAR1\u0015\u0000', /is Parquet, .*PT1H\.json/],
    ['a workbook', 'PK\u0003\u0004\u0014\u0000', /a zip archive or an Excel workbook; unpack/],
  ])('refuses %s, saying what to do', async (_what, text, sentence) => {
    expect((await readAll(text)).error).toMatch(sentence);
  });
});
