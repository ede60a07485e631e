import {
  AzureCliCredential,
  ManagedIdentityCredential,
  type AccessToken,
  type TokenCredential,
} from '@azure/identity';
import { epochOf, MINUTE } from '../../domain/time';
import { SourceError } from '../../pipeline/ports/record-source';
import type { Now } from '../../pipeline/ports/clock';

/** Who signs in: the app's own identity in Azure, or the person at the terminal. Never a chain that probes. */
export function credentialFor(
  auth: 'managed-identity' | 'azure-cli',
  options: { readonly tenantId: string; readonly clientId: string | undefined },
): TokenCredential {
  const { tenantId, clientId } = options;
  return auth === 'azure-cli'
    ? new AzureCliCredential({ tenantId })
    : clientId === undefined
      ? new ManagedIdentityCredential()
      : new ManagedIdentityCredential({ clientId });
}

/** A token is asked for again so long before it expires. */
const MARGIN = 5 * MINUTE;

/** A token for Graph, as the adapter wants it, kept while it is good: `az` is a process of its own for each. */
export function tokenGetter(
  credential: TokenCredential,
  baseUrl: URL,
  clock: Now,
): () => Promise<string> {
  let known: AccessToken | undefined;
  return async () => {
    const soon = epochOf(clock.now()) + MARGIN;
    if (known === undefined || known.expiresOnTimestamp < soon) {
      known = await ask(credential, `${baseUrl.origin}/.default`);
    }
    return known.token;
  };
}

async function ask(credential: TokenCredential, scope: string): Promise<AccessToken> {
  let token: AccessToken | null;
  try {
    token = await credential.getToken(scope);
  } catch (cause) {
    throw signedOut(cause);
  }
  if (token === null) {
    throw signedOut();
  }
  return token;
}

function signedOut(cause?: unknown): SourceError {
  return new SourceError(
    'signed-out',
    'no token for Microsoft Graph could be had',
    'Locally run "az login --tenant <TENANT_ID>"; in Azure check that the app has its identity and AZURE_CLIENT_ID.',
    { cause },
  );
}
