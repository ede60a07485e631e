import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { CrosscheckError } from '../../shared/domain/errors';
import { freePort } from './listen';

/** Azurite's table service, running as a process of its own. */
export interface Azurite {
  readonly port: number;
  readonly connectionString: string;
  readonly pid: number;
  /** Ends it within a few seconds, with everything written. */
  readonly stop: () => Promise<void>;
}

/** The emulator did not start, or has ended by itself. */
export class AzuriteError extends CrosscheckError {
  override readonly name = 'AzuriteError';
  override readonly exitCode = 2;
}

// The account that every emulator has; no secret.
const ACCOUNT = 'devstoreaccount1';
const KEY =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

const START_TIMEOUT = 20_000;
const STOP_TIMEOUT = 2_000;

/** Runs in the child first: it ends when this process does, however that comes about. */
const END_WITH_PARENT = `data:text/javascript,${encodeURIComponent(
  `process.once('disconnect', () => {
    setTimeout(() => process.exit(), ${STOP_TIMEOUT}).unref();
    process.kill(process.pid, 'SIGINT');
  });`,
)}`;

/**
 * Starts Azurite with the tables in a folder, or in memory alone.
 * @throws AzuriteError when it does not come up.
 */
export async function startAzurite(options: {
  readonly folder?: string;
  readonly port?: number;
  /** It has ended, and nobody has stopped it. */
  readonly onDeath?: () => void;
}): Promise<Azurite> {
  const port = options.port ?? (await freePort());
  const { folder, onDeath } = options;
  if (folder !== undefined) {
    mkdirSync(folder, { recursive: true });
  }
  const child = spawn(
    process.execPath,
    [
      ...['--import', END_WITH_PARENT, findAzurite()],
      ...['--tableHost', '127.0.0.1', '--tablePort', String(port), '--silent'],
      ...(folder === undefined ? ['--inMemoryPersistence'] : ['--location', folder]),
      ...['--skipApiVersionCheck', '--disableTelemetry'],
    ],
    // Its own process group: Ctrl-C reaches this process alone, which stops it once nothing is written any more.
    { detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: {} },
  );
  await started(child);
  let isStopped = false;
  child.once('exit', () => {
    if (!isStopped) {
      onDeath?.();
    }
  });
  return {
    port,
    connectionString:
      `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${KEY};` +
      `TableEndpoint=http://127.0.0.1:${port}/${ACCOUNT};`,
    pid: child.pid ?? 0,
    stop: () => {
      isStopped = true;
      return stop(child);
    },
  };
}

function findAzurite(): string {
  try {
    return createRequire(__filename).resolve('azurite/dist/src/table/main.js');
  } catch (cause) {
    throw new AzuriteError('azurite is not installed; run npm ci in the repository', { cause });
  }
}

function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const fail = (why: string): void => {
      clearTimeout(timeout);
      child.kill('SIGKILL');
      reject(new AzuriteError(`Azurite did not start: ${why}${said === '' ? '' : `\n${said}`}`));
    };
    const timeout = setTimeout(fail, START_TIMEOUT, `no answer in ${START_TIMEOUT / 1_000} s`);
    const listen = (chunk: Buffer): void => {
      said = `${said}${chunk.toString()}`.slice(-2_000);
      if (said.includes('successfully started')) {
        clearTimeout(timeout);
        child.off('exit', onExit);
        resolve();
      }
    };
    const onExit = (code: number | null): void => {
      fail(`it ended with code ${String(code)}`);
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    child.once('exit', onExit);
    child.once('error', (error) => {
      fail(error.message);
    });
  });
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    const hard = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT);
    child.once('exit', () => {
      clearTimeout(hard);
      resolve();
    });
    child.disconnect(); // the child ends itself, see above
  });
}
