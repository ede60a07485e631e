import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from './azurite';

const MAIN = require.resolve('azurite/dist/src/blob/main.js');
const ACCOUNT = 'devstoreaccount1';
/** The published key of every emulator. */
const KEY =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const VERSION = '2023-11-03';

export interface AzuriteBlobs {
  readonly host: string;
  /** The address of a new container, with a signature that lets read, create, write and delete in it. */
  container(name: string, permissions?: string): Promise<URL>;
  stop(): Promise<void>;
}

/** Microsoft's emulator of Blob Storage as a child on a free port, in memory only. */
export async function startAzuriteBlobs(): Promise<AzuriteBlobs> {
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [
      MAIN,
      ...['--blobHost', '127.0.0.1', '--blobPort', String(port)],
      ...['--inMemoryPersistence', '--disableTelemetry', '--silent', '--skipApiVersionCheck'],
    ],
    { cwd: tmpdir(), stdio: 'ignore' },
  );
  child.unref();
  const end = (): void => void child.kill('SIGKILL'); // this child only
  process.once('exit', end);
  const host = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 400 && !(await answers(host)); tries++) {
    await wait(50);
  }
  return {
    host,
    container: async (name, permissions = 'rcwd') => {
      const created = await fetch(`${host}/${ACCOUNT}/${name}?restype=container`, {
        method: 'PUT',
        headers: sharedKey('PUT', name),
      });
      if (created.status !== 201 && created.status !== 409) {
        throw new Error(`the container was not made: ${created.status} ${await created.text()}`);
      }
      return new URL(`${host}/${ACCOUNT}/${name}?${sas(name, permissions).toString()}`);
    },
    stop: async () => {
      process.off('exit', end);
      const ended = once(child, 'exit');
      child.ref();
      end();
      await ended;
    },
  };
}

async function answers(host: string): Promise<boolean> {
  try {
    await (await fetch(`${host}/${ACCOUNT}?comp=list`)).body?.cancel();
    return true;
  } catch {
    return false;
  }
}

function sign(text: string): string {
  return createHmac('sha256', Buffer.from(KEY, 'base64')).update(text, 'utf8').digest('base64');
}

/** https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key */
function sharedKey(method: string, container: string): Record<string, string> {
  const date = new Date('2026-01-01T00:00:00Z').toUTCString();
  const headers = `x-ms-date:${date}\nx-ms-version:${VERSION}\n`;
  const resource = `/${ACCOUNT}/${ACCOUNT}/${container}\nrestype:container`;
  const signature = sign(`${method}\n\n\n\n\n\n\n\n\n\n\n\n${headers}${resource}`);
  return {
    'x-ms-date': date,
    'x-ms-version': VERSION,
    Authorization: `SharedKey ${ACCOUNT}:${signature}`,
  };
}

/** https://learn.microsoft.com/rest/api/storageservices/create-service-sas */
function sas(container: string, permissions: string): URLSearchParams {
  const [start, expiry] = ['2020-01-01T00:00:00Z', '2099-01-01T00:00:00Z'];
  const resource = `/blob/${ACCOUNT}/${container}`;
  const fields = [permissions, start, expiry, resource, '', '', '', VERSION, 'c', '', ''];
  const text = [...fields, '', '', '', '', ''].join('\n');
  return new URLSearchParams({
    ...{ sp: permissions, st: start, se: expiry, sv: VERSION, sr: 'c' },
    sig: sign(text),
  });
}
