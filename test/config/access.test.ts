import { readAccess } from '../../shared/config/access';

const V2 = (over: object = {}): string =>
  JSON.stringify({
    platform: { enabled: true },
    identityProviders: {
      azureActiveDirectory: { enabled: true, registration: { clientId: 'app' } },
    },
    ...over,
  });
const ON = { WEBSITE_SITE_NAME: 'app', WEBSITE_AUTH_ENABLED: 'True' };

describe('config/access', () => {
  it.each<[string, Record<string, string>, boolean, string]>([
    ['nothing is set', {}, false, 'nobody'],
    ['a made-up tenant on a desk', { AZURE_FUNCTIONS_ENVIRONMENT: 'Development' }, true, 'local'],
    ['a real tenant on a desk', { AZURE_FUNCTIONS_ENVIRONMENT: 'Development' }, false, 'nobody'],
    ['a made-up tenant elsewhere', {}, true, 'nobody'],
    [
      'Azure with the settings of a desk',
      { WEBSITE_INSTANCE_ID: 'x', AZURE_FUNCTIONS_ENVIRONMENT: 'Development' },
      true,
      'nobody',
    ],
    ['Azure, sign-in off', { WEBSITE_SITE_NAME: 'app' }, false, 'nobody'],
    ['sign-in said to be off', { ...ON, WEBSITE_AUTH_ENABLED: 'False' }, false, 'nobody'],
    ['Entra', { ...ON, WEBSITE_AUTH_V2_CONFIG_JSON: V2() }, false, 'entra'],
    [
      'Entra, classic',
      { ...ON, WEBSITE_AUTH_DEFAULT_PROVIDER: 'AzureActiveDirectory' },
      false,
      'entra',
    ],
    ['no provider', ON, false, 'nobody'],
    [
      'another provider, classic',
      { ...ON, WEBSITE_AUTH_DEFAULT_PROVIDER: 'Google' },
      false,
      'nobody',
    ],
    [
      'another provider',
      { ...ON, WEBSITE_AUTH_V2_CONFIG_JSON: V2({ identityProviders: {} }) },
      false,
      'nobody',
    ],
    [
      'Entra without a registration',
      {
        ...ON,
        WEBSITE_AUTH_V2_CONFIG_JSON: V2({
          identityProviders: { azureActiveDirectory: { enabled: true } },
        }),
      },
      false,
      'nobody',
    ],
    [
      'Entra switched off',
      {
        ...ON,
        WEBSITE_AUTH_V2_CONFIG_JSON: V2({
          identityProviders: {
            azureActiveDirectory: { enabled: false, registration: { clientId: 'app' } },
          },
        }),
      },
      false,
      'nobody',
    ],
    ['settings that cannot be read', { ...ON, WEBSITE_AUTH_V2_CONFIG_JSON: '{' }, false, 'nobody'],
    ['settings without the switch', { WEBSITE_AUTH_V2_CONFIG_JSON: V2() }, false, 'nobody'],
  ])('%s', (_, environment, isMadeUp, kind) => {
    expect(readAccess(environment, isMadeUp).kind).toBe(kind);
  });

  it.each<[readonly string[], string]>([
    [['/api/health'], 'entra'],
    [['/api/health', '/api/export'], 'nobody'],
    [['/api/health/'], 'nobody'],
    [['/*'], 'nobody'],
  ])('with %j left out of sign-in it is %s', (excludedPaths, kind) => {
    const settings = V2({ globalValidation: { excludedPaths } });

    expect(readAccess({ ...ON, WEBSITE_AUTH_V2_CONFIG_JSON: settings }, false).kind).toBe(kind);
  });
});
