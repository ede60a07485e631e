import {
  closeSync,
  existsSync,
  fchmodSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from '../exit';
import { isAlive } from './alive';

/** Where a log is cut: the part before is kept as `host.log.1`, the one before that goes. */
const MAX_LOG_LENGTH = 5_000_000;

/**
 * Takes a folder for this process: two hosts on one folder would write over each other. What is in it is for its owner
 * alone.
 * @returns what gives it back.
 * @throws UsageError when it cannot be written, or another host has it.
 */
export function claimFolder(folder: string): () => void {
  const path = join(folder, 'host.pid');
  return writing(folder, () => {
    makeFolder(folder);
    const other = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
    if (other > 0 && other !== process.pid && isAlive(other)) {
      throw new UsageError(
        `a local host uses ${folder} already (process ${other}, as ${path} says); stop it, or name another folder with --data`,
      );
    }
    writeFileSync(path, String(process.pid));
    return () => {
      rmSync(path, { force: true });
    };
  });
}

/** The log of the host: begins anew at every start, and is cut before it grows without end. */
export class HostLog {
  readonly path: string;
  readonly #longest: number;
  #file: number | undefined;
  #size = 0;

  /** @throws UsageError when it cannot be written. */
  constructor(folder: string, longest = MAX_LOG_LENGTH) {
    this.path = join(folder, 'host.log');
    this.#longest = longest;
    this.#file = writing(folder, () => openPrivate(this.path));
  }

  /** A full disk costs the line, not the host. */
  write(line: string): void {
    try {
      if (this.#size > this.#longest) {
        this.close();
        renameSync(this.path, `${this.path}.1`);
        this.#file = openPrivate(this.path);
        this.#size = 0;
      }
      this.#size += this.#file === undefined ? 0 : writeSync(this.#file, line);
    } catch {
      return;
    }
  }

  /** What still comes after that is not kept. */
  close(): void {
    if (this.#file !== undefined) {
      closeSync(this.#file);
      this.#file = undefined;
      this.#size = 0;
    }
  }
}

/** Also where the file is there already with the rights of an earlier build. */
function openPrivate(path: string): number {
  const file = openSync(path, 'w', 0o600);
  fchmodSync(file, 0o600);
  return file;
}

/** Not `recursive`: where the system says that there is no parent although there is, as in /proc, Node tries for ever. */
function makeFolder(folder: string): void {
  if (!existsSync(folder)) {
    makeFolder(dirname(folder));
    mkdirSync(folder, { mode: 0o700 });
  }
}

function writing<T>(folder: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) {
      throw error;
    }
    throw new UsageError(
      `nothing can be written in ${folder} (${code}); fix its permissions, or name another folder with --data`,
      { cause: error },
    );
  }
}
