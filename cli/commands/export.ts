import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { safeJson } from '../../shared/domain/text';
import {
  EXPORT_FORMATS,
  exportFindings,
  type Manifest,
} from '../../shared/pipeline/queries/export-findings';
import { EXIT, UsageError } from '../exit';
import { readFilter, warnOfDetector, type FilterOptions } from '../filter';
import { count } from '../finding-text';
import { withLocalHost } from '../local-environment';
import { openMonitor, type World } from '../stores';
import { whoIsHere } from '../who';

export interface ExportOptions extends FilterOptions {
  readonly format?: string;
  readonly out?: string;
}

/**
 * `crosscheck export`: all findings of a filter, in constant memory. The manifest goes beside the file, or to standard
 * error when the findings go to standard output.
 * @throws UsageError, ConfigError
 */
export async function exportCommand(
  options: ExportOptions,
  world: World,
  who: typeof whoIsHere = whoIsHere,
): Promise<number> {
  const { terminal, environment, clock } = world;
  const name = EXPORT_FORMATS.find((each) => each === options.format);
  if (name === undefined) {
    throw new UsageError(`--format takes one of ${EXPORT_FORMATS.join(', ')}`);
  }
  const filter = readFilter(options);
  const { stores, version, exportFormat, detectorIds, config } = await openMonitor(world);
  warnOfDetector(filter, detectorIds, terminal);
  const requestedBy = await who(withLocalHost(environment));
  const pieces = exportFindings({
    ...{ index: stores.index, findings: stores.findings, clock, name, filter },
    format: await exportFormat(name),
    about: { version, tenantId: config.tenantId, requestedBy },
  });
  const { out } = options;
  if (out === undefined) {
    const manifest = await poured(pieces, (piece) => {
      terminal.out(piece);
    });
    terminal.err(`${safeJson(manifest)}\n`);
    return leftOut(manifest, terminal);
  }
  const manifest = await intoFile(pieces, out);
  await writeFile(`${out}.manifest.json`, `${safeJson(manifest, 2)}\n`, { mode: 0o600 });
  terminal.out(
    `${count(manifest.findings, 'finding')} in ${out}\nSHA-256 ${manifest.sha256}, in ${out}.manifest.json\n`,
  );
  return leftOut(manifest, terminal);
}

/** Says what the export lacks. @returns the exit code */
function leftOut({ unreadable }: Manifest, terminal: World['terminal']): number {
  if (unreadable === 0) {
    return EXIT.done;
  }
  terminal.err(
    `crosscheck: ${count(unreadable, 'finding')} cannot be read and left out; run: crosscheck verify\n`,
  );
  return EXIT.failed;
}

type Pieces = AsyncGenerator<string, Manifest>;

/** The file has its name only once it is whole. */
async function intoFile(pieces: Pieces, path: string): Promise<Manifest> {
  const part = `${path}.part`;
  const stream = createWriteStream(part, { mode: 0o600 });
  try {
    await once(stream, 'open');
    const manifest = await poured(pieces, async (piece) => {
      if (!stream.write(piece)) {
        await once(stream, 'drain');
      }
    });
    stream.end();
    await once(stream, 'close');
    await rename(part, path);
    return manifest;
  } catch (error) {
    stream.destroy();
    await rm(part, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined ? error : new UsageError(`--out ${path} cannot be written (${code})`);
  }
}

async function poured(
  pieces: Pieces,
  into: (piece: string) => Promise<void> | void,
): Promise<Manifest> {
  for (;;) {
    const step = await pieces.next();
    if (step.done === true) {
      return step.value;
    }
    await into(step.value);
  }
}
