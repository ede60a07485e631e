import { appSettings, at, type Infra, type Resource, type Template } from './snapshots';

/** Roles that may be handed out, by id. Owner, Contributor and User Access Administrator are not among them. */
export const ROLES: Readonly<Record<string, string>> = {
  'b7e6dc6d-f1e8-4753-8033-0f276bb0955b': 'Storage Blob Data Owner',
  'ba92f5b4-2d11-453d-a403-e96b0029c9fe': 'Storage Blob Data Contributor',
  '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3': 'Storage Table Data Contributor',
  '76199698-9eea-4c19-bc75-cec21354c6b6': 'Storage Table Data Reader',
  '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1': 'Storage Blob Data Reader',
  '4633458b-17de-408a-b874-0445c86b69e6': 'Key Vault Secrets User',
  '3913510d-42f4-4e42-8a64-420c390055eb': 'Monitoring Metrics Publisher',
};

/** The two that people may be given, who verify and run doctor. */
const READERS: readonly string[] = ['Storage Table Data Reader', 'Storage Blob Data Reader'];

/**
 * All of `siteConfig` that may be sent: newer regions refuse a deployment that sends what Flex Consumption does not
 * know, with error 51021 (docs/decisions/0011-what-is-sent-to-azure.md).
 */
const SITE_CONFIG: readonly string[] = ['minTlsVersion', 'scmMinTlsVersion'];

/** What has to be so, by type of resource: path and value. */
const REQUIRED: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'Microsoft.Storage/storageAccounts': {
    'properties.supportsHttpsTrafficOnly': true,
    'properties.minimumTlsVersion': 'TLS1_2',
    'properties.allowSharedKeyAccess': false,
    'properties.allowBlobPublicAccess': false,
    'properties.allowCrossTenantReplication': false,
  },
  'Microsoft.Storage/storageAccounts/blobServices/containers': {
    'properties.publicAccess': 'None',
  },
  'Microsoft.KeyVault/vaults': {
    'properties.enableRbacAuthorization': true,
    'properties.enableSoftDelete': true,
    'properties.enablePurgeProtection': true,
  },
  'Microsoft.OperationalInsights/workspaces': { 'properties.features.disableLocalAuth': true },
  'Microsoft.Insights/components': { 'properties.DisableLocalAuth': true },
  'Microsoft.Web/sites': {
    'identity.type': 'UserAssigned',
    'properties.httpsOnly': true,
    'properties.siteConfig.minTlsVersion': '1.2',
    'properties.siteConfig.scmMinTlsVersion': '1.2',
    'properties.functionAppConfig.deployment.storage.authentication.type': 'UserAssignedIdentity',
  },
  'Microsoft.Web/sites/basicPublishingCredentialsPolicies': { 'properties.allow': false },
  'Microsoft.Authorization/roleAssignments': { 'properties.principalType': 'ServicePrincipal' },
};

/** Types of which every resource has its log sent to the workspace. */
const LOGGED = [
  'Microsoft.KeyVault/vaults',
  'Microsoft.OperationalInsights/workspaces',
  'Microsoft.Storage/storageAccounts/blobServices',
  'Microsoft.Storage/storageAccounts/tableServices',
  'Microsoft.Web/sites',
];

/** What there has to be at all, as ends of ids. */
const PRESENT = [
  '/basicPublishingCredentialsPolicies/ftp',
  '/basicPublishingCredentialsPolicies/scm',
  '/config/authsettingsV2',
  '/containers/seals/immutabilityPolicies/default',
];

/** Roles that the app cannot work without, and where: the end of the scope's type and name. */
const NEEDED = [
  ['Storage Blob Data Owner', '/storageAccounts/sthost'],
  ['Storage Table Data Contributor', '/storageAccounts/stdata'],
  ['Storage Blob Data Contributor', '/containers/seals'],
  ['Key Vault Secrets User', '/vaults/kv-'],
  ['Monitoring Metrics Publisher', '/components/'],
] as const;

const SECRET_NAME = /secret|password|webhook|token|sas|connectionstring|accesskey/i;
const SECRET_VALUE = /listKeys|listSecrets|listAccountSas|ConnectionString|InstrumentationKey/i;

/** Everything that this project does not deploy, as sentences. Empty is sound. */
export function violations({ template, production }: Infra): readonly string[] {
  return [
    ...production.flatMap(requirements),
    ...PRESENT.filter((end) => !production.some(({ id }) => id.endsWith(end))).map(
      (end) => `there is no ${end}`,
    ),
    ...unlogged(production),
    ...production.filter(({ type }) => type === ROLE_ASSIGNMENT).flatMap(badRole),
    ...production
      .filter(({ type }) => type === 'Microsoft.Authorization/roleDefinitions')
      .map(({ name }) => `${name}: roles of our own are not needed, and easily too wide`),
    ...missingRoles(production),
    ...badSettings(production),
    ...badSiteConfig(production),
    ...badSignIn(production),
    ...badTemplate(template, 'main'),
  ];
}

const ROLE_ASSIGNMENT = 'Microsoft.Authorization/roleAssignments';

function requirements(resource: Resource): readonly string[] {
  return Object.entries(REQUIRED[resource.type] ?? {})
    .filter(([path, wanted]) => at(resource, path) !== wanted)
    .map(([path, wanted]) => {
      const value = at(resource, path);
      const found = value === undefined ? 'nothing' : JSON.stringify(value);
      return `${resource.name}: ${path} must be ${JSON.stringify(wanted)}, not ${found}`;
    });
}

function unlogged(production: readonly Resource[]): readonly string[] {
  const logged = production
    .filter(({ type, properties }) => type.endsWith('/diagnosticSettings') && sendsLogs(properties))
    .map(({ id }) => id.slice(0, id.indexOf('/providers/Microsoft.Insights/diagnosticSettings/')));
  return production
    .filter(({ id, type, name }) => isLogged(type, name) && !logged.includes(id))
    .map(({ name, type }) => `${name}: no diagnostic setting sends the log of this ${type}`);
}

/** The host's tables are not used by us. */
function isLogged(type: string, name: string): boolean {
  return LOGGED.includes(type) && !(type.endsWith('/tableServices') && name.startsWith('sthost'));
}

function sendsLogs(properties: unknown): boolean {
  const logs = at(properties, 'logs') as { enabled: boolean }[] | undefined;
  return at(properties, 'workspaceId') !== undefined && logs?.some((each) => each.enabled) === true;
}

function roleOf(assignment: Resource): string | undefined {
  return ROLES[String(at(assignment, 'properties.roleDefinitionId')).split('/').at(-1) ?? ''];
}

function scopeOf({ id }: Resource): string {
  return id.slice(0, id.indexOf(`/providers/${ROLE_ASSIGNMENT}`));
}

function badRole(assignment: Resource): readonly string[] {
  const role = String(at(assignment, 'properties.roleDefinitionId'));
  return [
    roleOf(assignment) === undefined ? `${assignment.name}: role ${role} is not on the list` : [],
    scopeOf(assignment).includes('/providers/')
      ? []
      : `${assignment.name}: a role on a whole group or subscription: ${scopeOf(assignment)}`,
    String(at(assignment, 'properties.principalId')).includes('outputs.principalId') ||
    READERS.includes(roleOf(assignment) ?? '')
      ? []
      : `${assignment.name}: only the app's own identity is given a role that writes`,
  ].flat();
}

function missingRoles(production: readonly Resource[]): readonly string[] {
  const given = production.filter(({ type }) => type === ROLE_ASSIGNMENT);
  return NEEDED.filter(
    ([role, scope]) =>
      !given.some((each) => roleOf(each) === role && scopeOf(each).includes(scope)),
  ).map(([role, scope]) => `the app has no ${role} on ${scope}`);
}

function badSettings(production: readonly Resource[]): readonly string[] {
  const settings = appSettings(production);
  return [
    settings['AzureWebJobsStorage__credential'] === 'managedidentity'
      ? []
      : 'AzureWebJobsStorage__credential must be managedidentity',
    // The connection string of Application Insights opens nothing: local authentication is off.
    Object.entries(settings)
      .filter(([, value]) => /AccountKey=|SharedAccess|sig=|password=/i.test(value))
      .map(([name]) => `${name} carries a secret`),
    ['AzureWebJobsStorage', 'TABLES_CONNECTION', 'WEBSITE_RUN_FROM_PACKAGE']
      .filter((name) => name in settings)
      .map((name) => `${name} must not be set`),
    /outputs\.webhookReference|^@Microsoft\.KeyVault\(/.test(settings['TEAMS_WEBHOOK_URL'] ?? '')
      ? []
      : 'TEAMS_WEBHOOK_URL is not a Key Vault reference',
  ].flat();
}

function badSiteConfig(production: readonly Resource[]): readonly string[] {
  return production
    .filter(({ type }) => type === 'Microsoft.Web/sites')
    .flatMap((site) => Object.keys(at(site, 'properties.siteConfig') ?? {}))
    .filter((property) => !SITE_CONFIG.includes(property))
    .map((property) => `siteConfig.${property} is not known to be taken by Flex Consumption`);
}

function badSignIn(production: readonly Resource[]): readonly string[] {
  const signIn = production.find(({ id }) => id.endsWith('/config/authsettingsV2'));
  const wanted: Readonly<Record<string, unknown>> = {
    'platform.enabled': true,
    'globalValidation.requireAuthentication': true,
    'globalValidation.unauthenticatedClientAction': 'RedirectToLoginPage',
    'globalValidation.excludedPaths.length': 1,
    'globalValidation.excludedPaths.0': '/api/health',
    'httpSettings.requireHttps': true,
    'login.tokenStore.enabled': false,
    'identityProviders.azureActiveDirectory.registration.clientSecretSettingName':
      'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID',
  };
  return Object.entries(wanted)
    .filter(([path, value]) => at(signIn?.['properties'], path) !== value)
    .map(([path, value]) => `sign-in: ${path} must be ${JSON.stringify(value)}`);
}

/** Outputs and parameters, in this template and in those of its modules. */
function badTemplate(template: Template, name: string): readonly string[] {
  const parameters = Object.entries(template.parameters ?? {});
  const secure = parameters.filter(([, { type }]) => /^secure/i.test(type ?? '')).map(([id]) => id);
  const modules = Object.entries((template['resources'] ?? {}) as Record<string, unknown>);
  return [
    parameters
      .filter(([id, { type }]) => SECRET_NAME.test(id) && !/^secure|^bool|^int/i.test(type ?? ''))
      .map(([id]) => `${name}: parameter ${id} must be secure`),
    Object.entries(template.outputs ?? {})
      .filter(([, { value }]) => {
        const text = JSON.stringify(value);
        return SECRET_VALUE.test(text) || secure.some((id) => text.includes(`'${id}'`));
      })
      .map(([id]) => `${name}: output ${id} carries a secret`),
    modules.flatMap(([id, module]) => {
      const inner = at(module, 'properties.template') as Template | undefined;
      return inner === undefined ? [] : badTemplate(inner, id);
    }),
  ].flat();
}
