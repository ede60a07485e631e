import { crc32, inflateRawSync } from 'node:zlib';

/** The files of an archive, by name: read from its end, as every reader does. For archives without a comment. */
export function unzip(archive: Buffer): Readonly<Record<string, Buffer>> {
  const end = archive.length - 22;
  expectSignature(archive, end, 0x06054b50);
  const files: Record<string, Buffer> = {};
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    expectSignature(archive, at, 0x02014b50);
    const [checksum, packed, size] = [16, 20, 24].map((field) => archive.readUInt32LE(at + field));
    const [name = 0, extra = 0] = [28, 30].map((field) => archive.readUInt16LE(at + field));
    const local = archive.readUInt32LE(at + 42);
    expectSignature(archive, local, 0x04034b50);
    const data = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const content = inflateRawSync(archive.subarray(data, data + (packed ?? 0)));
    if (content.length !== size || crc32(content) !== checksum) {
      throw new Error('a file is damaged');
    }
    files[archive.toString('utf8', at + 46, at + 46 + name)] = content;
    at += 46 + name + extra;
  }
  return files;
}

function expectSignature(archive: Buffer, at: number, signature: number): void {
  if (archive.readUInt32LE(at) !== signature) {
    throw new Error(`this is no archive: ${signature.toString(16)} is not at ${at}`);
  }
}
