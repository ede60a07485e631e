import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../shared/config/detectors';
import { UsageError } from './exit';
import { isAlive } from './local-host/alive';

/** Where commands look for a local host, and where that keeps what it knows. */
export const FOLDER = '.crosscheck';
const SHARED = [
  'TENANT_ID',
  'GRAPH_BASE_URL',
  'GRAPH_AUTH',
  'TABLES_CONNECTION',
  'TEAMS_WEBHOOK_URL',
  'AZURE_FUNCTIONS_ENVIRONMENT',
];

const START_AGAIN =
  'Run npm start, or set TENANT_ID and TABLES_CONNECTION or TABLES_ENDPOINT to look at another monitor.';

/**
 * Lets other commands of this folder find the monitor that runs here, for as long as it runs.
 * @returns what ends it.
 */
export function shareEnvironment(folder: string, environment: Environment): () => void {
  mkdirSync(folder, { recursive: true });
  const path = pathIn(folder);
  const shared = {
    pid: process.pid,
    ...Object.fromEntries(SHARED.map((name) => [name, environment[name]])),
  };
  writeFileSync(path, JSON.stringify(shared), { mode: 0o600 });
  return () => {
    rmSync(path, { force: true });
  };
}

/**
 * The environment, or that of the monitor running in this folder when nothing says which tenant and storage.
 * @throws UsageError when that monitor was stopped or killed.
 */
export function withLocalHost(environment: Environment): Environment {
  const isSet = ['TENANT_ID', 'TABLES_CONNECTION', 'TABLES_ENDPOINT'].some(
    (name) => (environment[name] ?? '') !== '',
  );
  const path = pathIn(FOLDER);
  if (isSet || !existsSync(FOLDER)) {
    return environment;
  }
  if (!existsSync(path)) {
    throw new UsageError(`the local host of this folder was stopped. ${START_AGAIN}`);
  }
  const { pid, ...shared } = JSON.parse(readFileSync(path, 'utf8')) as { pid?: number };
  if (pid !== undefined && !isAlive(pid)) {
    throw new UsageError(`the local host of this folder was killed. ${START_AGAIN}`);
  }
  return { ...environment, ...shared };
}

function pathIn(folder: string): string {
  return join(folder, 'environment.json');
}
