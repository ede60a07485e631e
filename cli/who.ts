import { execFile } from 'node:child_process';
import { hostname, userInfo } from 'node:os';
import { promisify } from 'node:util';
import type { Environment } from '../shared/config/detectors';
import { plainText } from '../shared/domain/text';

const PATIENCE = 15_000;

/** Asks `az` who is signed in. */
async function azureUser(): Promise<string> {
  const { stdout } = await promisify(execFile)(
    'az',
    ['account', 'show', '--query', 'user.name', '--output', 'tsv'],
    { timeout: PATIENCE },
  );
  return stdout.trim();
}

/**
 * Who sits at this terminal, as it goes into the history: the person of `az login` where Graph is read as them, else
 * the user of this machine. A name that the machine gives, not one that was proven.
 */
export async function whoIsHere(
  environment: Environment,
  askAzure: () => Promise<string> = azureUser,
): Promise<string> {
  if (environment['GRAPH_AUTH'] === 'azure-cli') {
    const name = await askAzure().catch(() => '');
    if (name !== '') {
      return `${plainText(name, 200)} (az login)`;
    }
  }
  return `${plainText(`${userInfo().username}@${hostname()}`, 200)} (terminal)`;
}
