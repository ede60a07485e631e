import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../shared/config/detectors';

const FOLDER = '.crosscheck';
const SHARED = [
  'TENANT_ID',
  'GRAPH_BASE_URL',
  'GRAPH_AUTH',
  'TABLES_CONNECTION',
  'TEAMS_WEBHOOK_URL',
  'AZURE_FUNCTIONS_ENVIRONMENT',
];

/**
 * Lets other commands of this folder find the monitor that runs here, for as long as it runs.
 * @returns what ends it.
 */
export function shareEnvironment(folder: string, environment: Environment): () => void {
  mkdirSync(folder, { recursive: true });
  const path = pathIn(folder);
  const shared = Object.fromEntries(SHARED.map((name) => [name, environment[name]]));
  writeFileSync(path, JSON.stringify(shared), { mode: 0o600 });
  return () => {
    rmSync(path, { force: true });
  };
}

/** The environment, or that of the monitor running in this folder when nothing says which tenant and storage. */
export function withLocalHost(environment: Environment): Environment {
  const isSet = ['TENANT_ID', 'TABLES_CONNECTION', 'TABLES_ENDPOINT'].some(
    (name) => (environment[name] ?? '') !== '',
  );
  const path = pathIn(FOLDER);
  return isSet || !existsSync(path)
    ? environment
    : { ...environment, ...(JSON.parse(readFileSync(path, 'utf8')) as Environment) };
}

function pathIn(folder: string): string {
  return join(folder, 'environment.json');
}
