import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { decode, GzipError } from '../../../shared/adapters/files/decode';

async function* piecesOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) {
    yield await Promise.resolve(bytes.subarray(from, from + size));
  }
}

async function decodeAll(bytes: Uint8Array, size = 7): Promise<{ text: string; error: unknown }> {
  let text = '';
  try {
    for await (const piece of decode(piecesOf(bytes, size))) {
      text += piece;
    }
    return { text, error: undefined };
  } catch (error) {
    return { text, error };
  }
}

const TEXT = '[{"name":"Zoë – 😀"}]';

describe('adapters/files/decode', () => {
  it.each<[string, Uint8Array]>([
    ['UTF-8', Buffer.from(TEXT)],
    ['UTF-16', Buffer.from(TEXT, 'utf16le')],
    ['gzip', gzipSync(TEXT)],
    ['several gzip files in one', Buffer.concat([gzipSync('[{"name":'), gzipSync('"Zoë – 😀"}]')])],
    ['gzip followed by zeros', Buffer.concat([gzipSync(TEXT), Buffer.alloc(40)])],
  ])('reads %s, wherever a piece ends', async (_what, bytes) => {
    for (const size of [1, 2, 3, 10, bytes.length]) {
      expect(await decodeAll(bytes, size)).toEqual({ text: TEXT, error: undefined });
    }
  });

  it('reads nothing from nothing', async () => {
    expect(await decodeAll(Buffer.alloc(0))).toEqual({ text: '', error: undefined });
  });

  it('refuses gzip in gzip: what it unpacks to is no text', async () => {
    const { text, error } = await decodeAll(gzipSync(gzipSync(TEXT)));

    expect(text).toBe('');
    expect(error).toBeInstanceOf(GzipError);
    expect(error).toHaveProperty('message', expect.stringContaining('unpack it once'));
  });

  it('puts a sign in place of bytes that are no text', async () => {
    const { text } = await decodeAll(Buffer.from([0x7b, 0xff, 0x7d]));

    expect(text).toBe('{\ufffd}');
  });

  it.each([
    ['ends too early', (bytes: Uint8Array) => bytes.subarray(0, 90_000), 'ends too early'],
    [
      'is damaged',
      (bytes: Uint8Array) => Buffer.concat([bytes.subarray(0, -8), Buffer.alloc(8, 1)]),
      'is damaged',
    ],
  ])('hands on the same text every time before a gzip file %s', async (_what, damage, sentence) => {
    const text = randomBytes(200_000).toString('base64');
    const bytes = damage(gzipSync(text));

    const first = await decodeAll(bytes, 20_000);
    const second = await decodeAll(bytes, 20_000);

    expect(first.error).toBeInstanceOf(GzipError);
    expect(first.error).toHaveProperty('message', expect.stringContaining(sentence));
    expect(first.text.length).toBeGreaterThan(80_000);
    expect(text.startsWith(first.text)).toBe(true);
    expect(second.text).toBe(first.text);
  });
});
