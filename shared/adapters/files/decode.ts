import { createGunzip, type Gunzip } from 'node:zlib';

/** A gzip file that ends early, is damaged or is packed twice; what came before the damage was handed on. */
export class GzipError extends Error {
  override readonly name = 'GzipError';
}

/**
 * Turns the bytes of an export into text: unpacks gzip, and tells UTF-8 from the UTF-16 that `>` of Windows
 * PowerShell writes. Looks at the content only, because names lie. Bytes that are no text become U+FFFD.
 * @throws GzipError after the last readable piece.
 */
export async function* decode(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const packed = await peek(bytes, 2);
  const isGzip = isPacked(packed.head);
  const plain = await peek(isGzip ? gunzip(packed.all()) : packed.all(), 2);
  if (isGzip && isPacked(plain.head)) {
    const rest = plain.all();
    await rest.next();
    await rest.return(undefined); // closes the file
    throw new GzipError('is a gzip file in a gzip file; unpack it once with: gzip -d');
  }
  const decoder = new TextDecoder(encodingOf(plain.head));
  for await (const piece of plain.all()) {
    yield decoder.decode(piece, { stream: true });
  }
  yield decoder.decode();
}

function isPacked([first, second]: Uint8Array): boolean {
  return first === 0x1f && second === 0x8b;
}

// JSON begins with an ASCII character, so a zero byte next to it tells UTF-16 where the byte order mark is missing.
function encodingOf([first, second]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) {
    return 'utf-16le';
  }
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) {
    return 'utf-16be';
  }
  return 'utf-8';
}

interface Peeked {
  readonly head: Uint8Array;
  all(): AsyncGenerator<Uint8Array>;
}

async function peek(bytes: AsyncIterable<Uint8Array>, size: number): Promise<Peeked> {
  const iterator = bytes[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < size) {
    const next = await iterator.next();
    if (next.done === true) {
      break;
    }
    head = Buffer.concat([head, next.value]);
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      yield head;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
        yield next.value;
      }
    } finally {
      await iterator.return?.(); // closes the file when nobody reads on
    }
  }
  return { head, all };
}

// What one step may unpack to is a thousand times this: small enough to hold.
const STEP = 16 * 1024;

// Piping would lose what was unpacked but not yet taken when the damage is found, a little more or less on each run.
// Waiting for every step keeps the rows before the damage, always the same ones.
async function* gunzip(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const stream = createGunzip();
  const pieces: Uint8Array[] = [];
  let failure: Error | undefined;
  stream.on('data', (piece: Uint8Array) => pieces.push(piece));
  stream.on('error', (error) => {
    failure = error;
  });
  for await (const chunk of bytes) {
    for (let from = 0; from < chunk.length && !isOver(stream); from += STEP) {
      await settled(stream, (done) => {
        stream.write(chunk.subarray(from, from + STEP), done);
      });
      yield* pieces.splice(0);
    }
  }
  if (!isOver(stream)) {
    await settled(stream, () => {
      stream.end();
    });
    yield* pieces.splice(0);
  }
  if (failure !== undefined) {
    throw toGzipError(failure);
  }
}

function isOver(stream: Gunzip): boolean {
  return stream.readableEnded || stream.destroyed;
}

// A write is never called back after damage, nor when something else follows the gzip data: then the stream is over.
function settled(stream: Gunzip, run: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    function done(): void {
      stream.off('end', done).off('close', done);
      resolve();
    }
    stream.once('end', done).once('close', done);
    run(done);
  });
}

function toGzipError(error: Error): GzipError {
  const endsEarly = 'code' in error && error.code === 'Z_BUF_ERROR';
  return new GzipError(
    endsEarly
      ? 'the gzip file ends too early, so records are missing; copy or download it again'
      : 'the gzip file is damaged, so records are missing; copy or download it again',
    { cause: error },
  );
}
