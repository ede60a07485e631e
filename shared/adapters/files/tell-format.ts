/** Where in the portal a usable export comes from. */
export const DOWNLOAD =
  'Entra admin center > Monitoring & health > Audit logs or Sign-in logs > Download > JSON';

/** What a file holds: one of the formats that are read, or why it is not read and what to do. */
export type Format = 'json' | 'csv' | { readonly refused: string };

const ENOUGH_TO_TELL = 64 * 1024;

/**
 * Tells the format of a text by its beginning, because names lie. JSON is passed on as it comes; of anything else
 * enough is held to tell what it is.
 */
export async function tellFormat(
  chunks: AsyncIterable<string>,
): Promise<{ readonly format: Format; readonly text: AsyncIterable<string> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  let head = '';
  while (!beginsLikeJson(head) && head.length < ENOUGH_TO_TELL) {
    const next = await iterator.next();
    if (next.done === true) {
      break;
    }
    head += next.value;
  }
  async function* text(): AsyncGenerator<string> {
    try {
      yield head;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
        yield next.value;
      }
    } finally {
      await iterator.return?.(); // closes the file when nobody reads on
    }
  }
  const format = formatOf(head);
  if (typeof format !== 'string') {
    await iterator.return?.();
  }
  return { format, text: text() };
}

function formatOf(head: string): Format {
  if (head.trim() === '' || beginsLikeJson(head)) {
    return 'json';
  }
  const known = BINARY.find(([magic]) => head.startsWith(magic));
  if (known !== undefined) {
    return { refused: known[1] };
  }
  if (beginsLikeCsv(head)) {
    return 'csv';
  }
  // After a broken first line, a file with one record per line is still worth reading.
  const hasJsonLine = /^[ \t]*[{[]/m.test(head);
  return hasJsonLine && !hasBinary(head)
    ? 'json'
    : { refused: `is not JSON; download the log as JSON: ${DOWNLOAD}` };
}

const BINARY: readonly (readonly [magic: string, refused: string])[] = [
  [
    'Obj\u0001',
    'is Avro, as Event Hubs Capture writes it, which is not read; turn it into JSON with "avro-tools tojson FILE" and ' +
      'name the result, or export the logs by diagnostic settings to a storage account and name its PT1H.json files',
  ],
  [
    'PAR1',
    'is Parquet, which is not read; export the logs by diagnostic settings to a storage account and name its ' +
      'PT1H.json files, or query them as JSON',
  ],
  [
    'PK\u0003\u0004',
    'is a zip archive or an Excel workbook; unpack the archive and name the files in it, or save the sheet as CSV UTF-8',
  ],
];

function beginsLikeJson(head: string): boolean {
  return /^\s*[{[]/.test(head);
}

// Two or more short names without any punctuation that JSON or prose would need, in whatever language.
function beginsLikeCsv(head: string): boolean {
  const line = /^[^\r\n]*/.exec(head.trimStart())?.[0] ?? '';
  const cells = line.split(/[,;\t]/);
  return (
    cells.length >= 2 &&
    cells.every((cell) => /^\s*"?[\p{L}\p{M}\p{N} _.()[\]/'&@:#-]{1,120}"?\s*$/u.test(cell))
  );
}

function hasBinary(head: string): boolean {
  return head.includes('\0') || head.includes('\ufffd');
}
