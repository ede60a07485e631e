import type { AuthMode } from '../domain/access';
import type { Environment } from './detectors';

/** Only in Azure; the local hosts set none of them. */
const PLATFORM = ['WEBSITE_INSTANCE_ID', 'WEBSITE_SITE_NAME'];
/** Tells nothing but up or down and asks nobody who they are, so it may be excluded from sign-in. */
const OPEN = '/api/health';

/**
 * Reads what the platform injects. `WEBSITE_AUTH_ENABLED` says that Easy Auth runs in front of the app and takes
 * principal headers of callers away; that Entra is the provider stands in `WEBSITE_AUTH_V2_CONFIG_JSON`, or with the
 * classic settings in `WEBSITE_AUTH_DEFAULT_PROVIDER`, which is missing when unauthenticated requests get 401
 * (AzureAD/microsoft-identity-web#1806). https://learn.microsoft.com/azure/app-service/reference-app-settings
 */
export function readAccess(environment: Environment, isMadeUp: boolean): AuthMode {
  const value = (name: string): string => environment[name]?.trim() ?? '';
  const isInAzure = PLATFORM.some((name) => value(name) !== '');
  if (value('WEBSITE_AUTH_ENABLED').toLowerCase() === 'true') {
    return readProvider(
      value('WEBSITE_AUTH_V2_CONFIG_JSON'),
      value('WEBSITE_AUTH_DEFAULT_PROVIDER'),
    );
  }
  if (!isInAzure && isMadeUp && value('AZURE_FUNCTIONS_ENVIRONMENT') === 'Development') {
    return { kind: 'local' };
  }
  return {
    kind: 'nobody',
    why: isInAzure
      ? 'Sign-in is off for this app: an admin switches on authentication with Microsoft Entra.'
      : 'Outside of Azure nobody says who you are; use the terminal: crosscheck findings.',
  };
}

function readProvider(text: string, provider: string): AuthMode {
  const none = 'Sign-in is on for this app, but not with Microsoft Entra: an admin adds it.';
  if (text === '') {
    return provider === 'AzureActiveDirectory' ? { kind: 'entra' } : { kind: 'nobody', why: none };
  }
  try {
    const { identityProviders, globalValidation, platform } = JSON.parse(text) as {
      readonly platform?: { readonly enabled?: unknown };
      readonly identityProviders?: {
        readonly azureActiveDirectory?: {
          readonly enabled?: unknown;
          readonly registration?: { readonly clientId?: unknown };
        };
      };
      readonly globalValidation?: { readonly excludedPaths?: readonly unknown[] };
    };
    const entra = identityProviders?.azureActiveDirectory;
    const isEntra =
      platform?.enabled !== false &&
      entra?.enabled !== false &&
      typeof entra?.registration?.clientId === 'string';
    if (!isEntra) {
      return { kind: 'nobody', why: none };
    }
    // One address has many spellings, so no other path is told apart from those that are guarded.
    const excluded = globalValidation?.excludedPaths ?? [];
    return excluded.every((path) => path === OPEN)
      ? { kind: 'entra' }
      : {
          kind: 'nobody',
          why: `The sign-in settings exclude other paths than ${OPEN}, so anybody could say who they are: an admin takes them out of excludedPaths.`,
        };
  } catch {
    return { kind: 'nobody', why: 'The sign-in settings of the platform could not be read.' };
  }
}
