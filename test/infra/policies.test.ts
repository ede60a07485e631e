import { ROLES, violations } from './policies';
import { at, loadInfra, type Infra, type Resource } from './snapshots';

/** Something to spoil, found by the end of its id. */
const find = ({ production }: Infra, end: string): Spoilable =>
  production.find(({ id }) => id.includes(end));

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a fault is whatever the types would not allow
type Spoilable = any;

const without = (infra: Infra, isGone: (each: Resource) => boolean): Infra => ({
  ...infra,
  production: infra.production.filter((each) => !isGone(each)),
});

const role = (name: string): string =>
  Object.entries(ROLES).find(([, each]) => each === name)?.[0] ?? '';

/* eslint-disable @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-assignment */
/** Faults that a person could make, and a word of what is said about each. */
const FAULTS: readonly (readonly [string, (infra: Infra) => Infra | undefined, string])[] = [
  [
    'shared keys on',
    (infra): undefined => {
      find(infra, '/storageAccounts/stdata').properties.allowSharedKeyAccess = true;
    },
    'allowSharedKeyAccess must be false',
  ],
  [
    'shared keys not mentioned',
    (infra): undefined => {
      delete find(infra, '/storageAccounts/sthost').properties.allowSharedKeyAccess;
    },
    'allowSharedKeyAccess must be false, not nothing',
  ],
  [
    'public blobs',
    (infra): undefined => {
      find(infra, '/storageAccounts/stdata').properties.allowBlobPublicAccess = true;
    },
    'allowBlobPublicAccess must be false',
  ],
  [
    'a public container',
    (infra): undefined => {
      find(infra, '/containers/seals').properties.publicAccess = 'Blob';
    },
    'publicAccess must be "None"',
  ],
  [
    'plain http',
    (infra): undefined => {
      find(infra, '/Microsoft.Web/sites/').properties.httpsOnly = false;
    },
    'httpsOnly must be true',
  ],
  [
    'old TLS',
    (infra): undefined => {
      find(infra, '/Microsoft.Web/sites/').properties.siteConfig.minTlsVersion = '1.0';
    },
    'minTlsVersion must be "1.2"',
  ],
  [
    'a site property that newer regions refuse',
    (infra): undefined => {
      find(infra, '/Microsoft.Web/sites/').properties.siteConfig.ftpsState = 'Disabled';
    },
    'siteConfig.ftpsState is not known',
  ],
  [
    'publishing by password',
    (infra): undefined => {
      find(infra, '/basicPublishingCredentialsPolicies/scm').properties.allow = true;
    },
    'properties.allow must be false',
  ],
  [
    'no word on publishing by FTP',
    (infra) => without(infra, ({ id }) => id.endsWith('/basicPublishingCredentialsPolicies/ftp')),
    'there is no /basicPublishingCredentialsPolicies/ftp',
  ],
  [
    'an app without an identity',
    (infra): undefined => {
      delete find(infra, '/Microsoft.Web/sites/').identity;
    },
    'identity.type must be "UserAssigned"',
  ],
  [
    'telemetry from everybody',
    (infra): undefined => {
      find(infra, '/Microsoft.Insights/components/').properties.DisableLocalAuth = false;
    },
    'DisableLocalAuth must be true',
  ],
  [
    'a vault that nobody logs',
    (infra) => without(infra, ({ id }) => /vaults.*diagnosticSettings/.test(id)),
    'no diagnostic setting sends the log of this Microsoft.KeyVault/vaults',
  ],
  [
    'a diagnostic setting that sends nothing',
    (infra): undefined => {
      find(infra, '/tableServices/default/providers/').properties.logs.forEach(
        (log: { enabled: boolean }) => (log.enabled = false),
      );
    },
    'no diagnostic setting sends the log of this Microsoft.Storage/storageAccounts/tableServices',
  ],
  [
    'a missing role',
    (infra) =>
      without(infra, (each) =>
        JSON.stringify(each).includes(role('Storage Table Data Contributor')),
      ),
    'the app has no Storage Table Data Contributor on /storageAccounts/stdata',
  ],
  [
    'Owner',
    (infra): undefined => {
      find(infra, '/roleAssignments/').properties.roleDefinitionId =
        '/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
    },
    'is not on the list',
  ],
  [
    'a role of our own',
    (infra) => ({
      ...infra,
      production: [
        ...infra.production,
        { id: '/x', type: 'Microsoft.Authorization/roleDefinitions', name: 'all', actions: ['*'] },
      ],
    }),
    'roles of our own are not needed',
  ],
  [
    'a role on the whole group',
    (infra): undefined => {
      const assignment = find(infra, '/roleAssignments/');
      assignment.id = `/subscriptions/s/resourceGroups/g/providers/Microsoft.Authorization/roleAssignments/${String(assignment.name)}`;
    },
    'a role on a whole group or subscription',
  ],
  [
    'a role for somebody else',
    (infra): undefined => {
      find(infra, '/roleAssignments/').properties.principalId = role('Key Vault Secrets User');
    },
    "only the app's own identity is given a role that writes",
  ],
  [
    'storage by connection string',
    (infra): undefined => {
      find(infra, '/config/appsettings').properties.AzureWebJobsStorage = 'AccountKey=x';
    },
    'AzureWebJobsStorage must not be set',
  ],
  [
    'a key in a setting',
    (infra): undefined => {
      find(infra, '/config/appsettings').properties.POLL_SCHEDULE = 'https://x.example.com/?sig=x';
    },
    'POLL_SCHEDULE carries a secret',
  ],
  [
    'the webhook as it is',
    (infra): undefined => {
      find(infra, '/config/appsettings').properties.TEAMS_WEBHOOK_URL = 'https://x.example.com';
    },
    'TEAMS_WEBHOOK_URL is not a Key Vault reference',
  ],
  [
    'the API without sign-in',
    (infra): undefined => {
      find(infra, '/config/authsettingsV2').properties.globalValidation.excludedPaths.push('/api');
    },
    'sign-in: globalValidation.excludedPaths.length must be 1',
  ],
  [
    'a client secret',
    (infra): undefined => {
      find(
        infra,
        '/config/authsettingsV2',
      ).properties.identityProviders.azureActiveDirectory.registration.clientSecretSettingName =
        'CLIENT_SECRET';
    },
    'clientSecretSettingName must be',
  ],
  [
    'seals that can be changed',
    (infra) => without(infra, ({ id }) => id.includes('/immutabilityPolicies/')),
    'there is no /containers/seals/immutabilityPolicies/default',
  ],
  [
    'a secret in an output',
    ({ template }): undefined => {
      (template as Spoilable).outputs.WEBHOOK = {
        type: 'string',
        value: "[parameters('teamsWebhookUrl')]",
      };
    },
    'main: output WEBHOOK carries a secret',
  ],
  [
    'a key in an output of a module',
    ({ template }): undefined => {
      (template as Spoilable).resources.dataStorage.properties.template.outputs.key = {
        type: 'string',
        value: "[listKeys('x', '2025-06-01').keys[0].value]",
      };
    },
    'dataStorage: output key carries a secret',
  ],
  [
    'a secret as a plain parameter',
    ({ template }): undefined => {
      (template as Spoilable).parameters.teamsWebhookUrl.type = 'string';
    },
    'main: parameter teamsWebhookUrl must be secure',
  ],
];
/* eslint-enable */

describe('infra policies', () => {
  it('find nothing to say about what is deployed', () => {
    expect(violations(loadInfra())).toEqual([]);
  });

  it('find nothing to say about a private network, where nothing but the app is to be reached', () => {
    const infra = loadInfra('main.private.json');
    const closed = infra.production.filter(({ type }) =>
      ['Microsoft.Storage/storageAccounts', 'Microsoft.KeyVault/vaults'].includes(type),
    );
    const endpoints = infra.production.filter(({ type }) => type.endsWith('/privateEndpoints'));

    expect(violations(infra)).toEqual([]);
    expect(closed.map((each) => at(each, 'properties.publicNetworkAccess'))).toEqual([
      ...['Disabled', 'Disabled', 'Disabled'],
    ]);
    expect(endpoints).toHaveLength(5);
    expect(at(find(infra, '/Microsoft.Web/sites/'), 'properties.virtualNetworkSubnetId')).toMatch(
      /appSubnetId|subnets/,
    );
  });

  it.each(FAULTS)('catch %s', (_, spoil, said) => {
    const infra = loadInfra();
    const spoilt = spoil(infra) ?? infra;

    expect(violations(spoilt).join('\n')).toContain(said);
  });
});
