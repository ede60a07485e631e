import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import {
  listExports,
  readExport,
  UnreadableFileError,
  type FileRow,
  type ReadOptions,
} from '../../../shared/adapters/files/read-file';
import { folderWith } from '../../fakes/folder';

function fileWith(content: string | Uint8Array): string {
  return join(folderWith({ log: content }), 'log');
}

async function readAll(
  path: string,
  options: ReadOptions = {},
): Promise<{ rows: FileRow[]; error?: unknown }> {
  const rows: FileRow[] = [];
  try {
    for await (const batch of readExport(path, options)) {
      rows.push(...batch);
    }
    return { rows };
  } catch (error) {
    return { rows, error };
  }
}

describe('adapters/files/read-file, at its edges', () => {
  it('counts the bytes of the file, not what is unpacked', async () => {
    const bytes = gzipSync(`[${'{"id":"1"},'.repeat(50_000)}{}]`);
    const read: number[] = [];

    const { rows } = await readAll(fileWith(bytes), { onBytes: (count) => read.push(count) });

    expect(rows).toHaveLength(50_001);
    expect(read.reduce((sum, each) => sum + each, 0)).toBe(bytes.length);
  });

  it('reads standard input as -', async () => {
    const stdin = Readable.from([Buffer.from('\n {"id"'), Buffer.from(':"1"}')]);

    const { rows } = await readAll('-', { stdin });

    expect(rows).toEqual([{ file: 'standard input', line: 2, index: 0, row: { id: '1' } }]);
  });

  it('hands on the rows before the damage of a gzip file, then says so', async () => {
    const whole = gzipSync(Array.from({ length: 9_999 }, (_, id) => `{"id":${id}}`).join('\n'));

    const { rows, error } = await readAll(fileWith(whole.subarray(0, whole.length / 2)));

    expect(rows[0]).toMatchObject({ row: { id: 0 } });
    expect(rows.length).toBeGreaterThan(1_000);
    expect(error).toBeInstanceOf(UnreadableFileError);
  });

  it('reads one record per line although the first line is broken', async () => {
    const { rows } = await readAll(fileWith('ab","x":1}]}\n{"id":"1"}\n'));

    expect(rows).toMatchObject([
      { line: 1, problem: 'the line is not a JSON object' },
      { line: 2 },
    ]);
  });

  it.each([
    ['{"a":"secret",}', 'expected double-quoted property name (character 15)'],
    ['{"secret" 1}', "expected ':' after property name (character 11)"],
    ['{"a":"sec\tret"}', 'bad control character in string literal (character 10)'],
    ['{"a":secret}', undefined],
    ['{"a":1secret}', "expected ',' or '}' after property value (character 7)"],
  ])('says what is wrong with %j without quoting it', async (text, reason) => {
    const { rows } = await readAll(fileWith(text));

    const suffix = reason === undefined ? '' : `: ${reason}`;
    expect(rows).toMatchObject([{ problem: `the record is not valid JSON${suffix}` }]);
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ['a CSV with quotes', '"Date (UTC)","Request ID","User agent"\n"x","y","z"', /CSV/],
    ['a CSV in another language', 'Datum (UTC),Anforderungs-ID,Benutzer\n1,2,3', /CSV/],
    ['a CSV in UTF-16', Buffer.from('\ufeffDate,Request ID,User\n', 'utf16le'), /CSV/],
    ['a gzipped CSV', gzipSync('Date,Request ID,User\n'), /CSV/],
    ['a picture', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 13, 10, 0x7b]), /is not JSON/],
    ['a gzipped picture', gzipSync(Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16])), /is not JSON/],
  ])('refuses %s', async (_what, content, sentence) => {
    const { rows, error } = await readAll(fileWith(content));

    expect(rows).toEqual([]);
    expect(error).toBeInstanceOf(UnreadableFileError);
    expect(error).toHaveProperty('message', expect.stringMatching(sentence));
  });

  it('refuses a folder, keeping the cause', async () => {
    const { error } = await readAll(folderWith({}));

    expect(error).toMatchObject({
      message: expect.stringContaining('is a folder') as string,
      cause: { code: 'EISDIR' },
    });
  });

  it('does not take a fault of the caller for one of the file', async () => {
    const fault = new Error('a fault');
    const onBytes = (): void => {
      throw fault;
    };

    expect(await readAll(fileWith('{}'), { onBytes })).toMatchObject({ error: fault });
  });

  it('lists what stands deeper, each file once, and CSV files so that they are refused', async () => {
    const folder = folderWith({ 'b.csv': '', 'c.ZIP': '', z: '' });
    mkdirSync(join(folder, 'a'));
    mkdirSync(join(folder, '.git'));
    writeFileSync(join(folder, 'a', 'x.json.gz'), '');
    writeFileSync(join(folder, '.git', 'config'), '');
    const file = join(folder, 'b.csv');

    expect(await listExports([file, folder])).toEqual([
      file,
      join(folder, 'a', 'x.json.gz'),
      join(folder, 'z'),
    ]);
  });
});
