import { createReadStream } from 'node:fs';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Overflow } from '../../pipeline/findings/timeline-pool';

/**
 * Lines in files of a temporary folder, which is made with the first line, for its owner alone, and goes with `remove`.
 */
export class FileOverflow implements Overflow {
  #folder: Promise<string> | undefined;
  readonly #written = new Set<number>();

  async append(part: number, lines: readonly string[]): Promise<void> {
    if (lines.length > 0) {
      this.#written.add(part);
      const path = await this.#path(part);
      await appendFile(path, `${lines.join('\n')}\n`, { mode: 0o600 });
    }
  }

  async *read(part: number): AsyncGenerator<string> {
    if (this.#written.has(part)) {
      // Not by readline: it ends lines at characters, too, that may stand in JSON text.
      let rest = '';
      for await (const piece of createReadStream(await this.#path(part), 'utf8')) {
        const lines = (rest + String(piece)).split('\n');
        rest = lines.pop() ?? '';
        yield* lines;
      }
    }
  }

  async remove(): Promise<void> {
    if (this.#folder !== undefined) {
      await rm(await this.#folder, { recursive: true, force: true });
      this.#folder = undefined;
      this.#written.clear();
    }
  }

  async #path(part: number): Promise<string> {
    this.#folder ??= mkdtemp(join(tmpdir(), 'crosscheck-')); // mode 0700
    return join(await this.#folder, `${part}.ndjson`);
  }
}
