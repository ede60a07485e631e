// A zip archive in a few lines: deflate, no folders, no dates, so that the same files give the same bytes.
import { Buffer } from 'node:buffer';
import { crc32, deflateRawSync } from 'node:zlib';

const VERSION = 20;
const UTF8_NAMES = 0x0800;
const DEFLATE = 8;
const DATE = 0x0021; // 1 January 1980, the first that the format knows
const MODE = (0o100644 << 16) >>> 0; // readable when unpacked on Linux

/** The archive of files, by name. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT */
export function zip(files) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const path = Buffer.from(name);
    const packed = deflateRawSync(content, { level: 9 });
    const common = header(
      ...[2, VERSION, 2, UTF8_NAMES, 2, DEFLATE, 2, 0, 2, DATE],
      ...[4, crc32(content), 4, packed.length, 4, content.length, 2, path.length, 2, 0],
    );
    parts.push(header(4, 0x04034b50), common, path, packed);
    // Made on Unix, which is what makes the mode count; no comment, first disk, no attributes.
    directory.push(header(4, 0x02014b50, 2, (3 << 8) | VERSION), common);
    directory.push(header(2, 0, 2, 0, 2, 0, 4, MODE, 4, offset), path);
    offset += 4 + common.length + path.length + packed.length;
  }
  const index = Buffer.concat(directory);
  const count = Object.keys(files).length;
  const end = header(
    4,
    0x06054b50,
    2,
    0,
    2,
    0,
    2,
    count,
    2,
    count,
    4,
    index.length,
    4,
    offset,
    2,
    0,
  );
  return Buffer.concat([...parts, index, end]);
}

/** Little-endian numbers, each after its size in bytes. */
function header(...sizesAndValues) {
  const bytes = [];
  for (let i = 0; i < sizesAndValues.length; i += 2) {
    const field = Buffer.alloc(sizesAndValues[i]);
    field.writeUIntLE(sizesAndValues[i + 1], 0, field.length);
    bytes.push(field);
  }
  return Buffer.concat(bytes);
}
