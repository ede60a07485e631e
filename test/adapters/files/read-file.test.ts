import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  listExports,
  readExport,
  UnreadableFileError,
  type FileRow,
} from '../../../shared/adapters/files/read-file';
import { folderWith } from '../../fakes/folder';

async function readAll(path: string): Promise<FileRow[]> {
  const rows: FileRow[] = [];
  for await (const batch of readExport(path)) {
    rows.push(...batch);
  }
  return rows;
}

function bigEndian(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}

const TEXT = '[{"id":"é1"},\n{"id":"2"}]';

describe('readExport', () => {
  it.each<[string, string | Uint8Array]>([
    ['UTF-8', TEXT],
    ['UTF-8 with a byte order mark', `\ufeff${TEXT}`],
    ['UTF-16 as PowerShell writes it', Buffer.from(`\ufeff${TEXT}`, 'utf16le')],
    ['UTF-16 without a mark', Buffer.from(TEXT, 'utf16le')],
    ['big-endian UTF-16', bigEndian(`\ufeff${TEXT}`)],
    ['big-endian UTF-16 without a mark', bigEndian(TEXT)],
    ['gzip', gzipSync(TEXT)],
    ['gzipped UTF-16', gzipSync(Buffer.from(`\ufeff${TEXT}`, 'utf16le'))],
  ])('reads %s', async (_encoding, content) => {
    const file = join(folderWith({ 'log.bin': content }), 'log.bin');

    expect(await readAll(file)).toEqual([
      { file, line: 1, index: 0, row: { id: 'é1' } },
      { file, line: 2, index: 1, row: { id: '2' } },
    ]);
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    [
      "the portal's CSV, and says how to get JSON",
      'Date (UTC),CorrelationId,Service,Category,Activity,Result\n2023-08-08,x,y,z,a,b\n',
      /CSV.*Download > JSON/,
    ],
    ['prose', 'Dear reader,', /is not JSON/],
    ['XML', '<log/>', /is not JSON/],
    ['half a gzip file', gzipSync(TEXT.repeat(2_000)).subarray(0, 60), /gzip file ends too early/],
    [
      'a damaged gzip file',
      Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9]),
      /gzip file is damaged/,
    ],
  ])('refuses %s', async (_what, content, sentence) => {
    const file = join(folderWith({ log: content }), 'log');

    await expect(readAll(file)).rejects.toThrow(sentence);
    await expect(readAll(file)).rejects.toBeInstanceOf(UnreadableFileError);
  });

  it('names a row that is not valid JSON and never quotes it', async () => {
    const file = join(folderWith({ log: '{"id":"1"}\n{"secret": nope}\n{"id":"3"}' }), 'log');

    const rows = await readAll(file);

    expect(rows).toMatchObject([
      { row: { id: '1' } },
      { line: 2, problem: 'the record is not valid JSON' },
      { row: { id: '3' } },
    ]);
  });

  it('says that a file is empty', async () => {
    await expect(readAll(join(folderWith({ log: '' }), 'log'))).rejects.toThrow('is empty');
    expect(await readAll(join(folderWith({ log: '[]' }), 'log'))).toEqual([]);
  });

  it('says that a file is missing', async () => {
    await expect(readAll('/nowhere/log.json')).rejects.toThrow('there is no such file');
  });
});

describe('listExports', () => {
  it('lists folders in order, leaves out what is plainly no log, and keeps - as it is', async () => {
    const folder = folderWith({ 'b.json': '', 'a.ndjson': '', 'README.md': '', '.hidden': '' });

    expect(await listExports([folder, '-'])).toEqual([
      join(folder, 'a.ndjson'),
      join(folder, 'b.json'),
      '-',
    ]);
  });

  it.each([
    ['a path that is not there', () => '/nowhere', /no such file or folder/],
    ['an empty folder', () => folderWith({}), /holds no exported log/],
  ])('refuses %s', async (_what, path, sentence) => {
    await expect(listExports([path()])).rejects.toThrow(sentence);
  });

  // The owner of everything may read everything, so this one needs another user.
  const itAsUser = process.getuid?.() === 0 ? it.skip : it;
  itAsUser('says that a folder may not be read', async () => {
    const folder = folderWith({ log: '' });
    chmodSync(folder, 0);

    await expect(listExports([folder])).rejects.toThrow('may not be read');
  });
});
