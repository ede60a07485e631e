import {
  AzureCliCredential,
  ManagedIdentityCredential,
  type TokenCredential,
} from '@azure/identity';
import { SourceError } from '../../pipeline/ports';

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

/** A token for Graph, as the adapter wants it. */
export function tokenGetter(credential: TokenCredential, baseUrl: URL): () => Promise<string> {
  return async () => {
    try {
      const token = await credential.getToken(`${baseUrl.origin}/.default`);
      if (token !== null) {
        return token.token;
      }
    } catch (cause) {
      throw signedOut(cause);
    }
    throw signedOut();
  };
}

function signedOut(cause?: unknown): SourceError {
  return new SourceError(
    'signed-out',
    'no token for Microsoft Graph could be had',
    'Locally run "az login --tenant <TENANT_ID>"; in Azure check that the app has its identity and AZURE_CLIENT_ID.',
    cause,
  );
}
