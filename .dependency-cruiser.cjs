// Imports go one way: doors -> composition -> pipeline -> domain (docs/architecture.md).
const only = (name, from, allowed, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from },
  to: { pathNot: allowed },
});
const FACTS = 'shared/domain/';
const SOURCES = '^shared/sources/(index|source).ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: { path: '^(shared|functions|cli|scripts)/' },
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^(shared|cli|functions)' },
      to: {},
    },
    { name: 'not-resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    only(
      'domain-imports-nothing',
      '^shared/domain/',
      [`^${FACTS}`, '^(node:)?crypto$'],
      'The vocabulary knows nobody. Hashing is the one built-in it uses.',
    ),
    only(
      'sources-import-domain',
      '^shared/sources/',
      [`^${FACTS}`, '^shared/sources/'],
      'What is known of a source, before it is read.',
    ),
    only(
      'detectors-import-domain',
      '^shared/detectors/',
      [`^${FACTS}`, '^shared/detectors/'],
      'No clock, no IO.',
    ),
    only(
      'pipeline-knows-ports',
      '^shared/pipeline/',
      [`^${FACTS}`, SOURCES, '^shared/pipeline/'],
      'Use cases know ports, never an SDK.',
    ),
    only(
      'api-knows-use-cases',
      '^shared/api/',
      [
        `^${FACTS}`,
        SOURCES,
        '^shared/(pipeline|api)/',
        '^node_modules/zod/',
        '^docs/openapi.json$',
      ],
      'HTTP in front of use cases: no adapter, no setting, no server.',
    ),
    {
      name: 'adapters-implement-ports',
      severity: 'error',
      from: { path: '^shared/adapters/' },
      to: { path: '^(shared/(detectors|config|composition|api)|cli|functions)' },
    },
    {
      name: 'config-is-read-by-doors',
      severity: 'error',
      from: { path: '^shared/config/' },
      to: {
        path: '^(shared/(adapters|pipeline|composition|api)|cli|functions)',
        pathNot: '^shared/adapters/channels/teams/webhook-url',
      },
    },
    {
      name: 'page-knows-types-of-the-api',
      severity: 'error',
      comment: 'The page asks over HTTP: of our code it knows the types of the answers.',
      from: { path: '^web/' },
      to: { path: '^(shared|cli|functions|scripts)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'page-knows-the-api-only',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^(shared|cli|functions|scripts)/', pathNot: '^shared/api/' },
    },
    {
      name: 'shared-knows-no-door',
      severity: 'error',
      from: { path: '^shared/' },
      to: { path: '^(cli|functions|test|scripts)/' },
    },
    {
      name: 'nothing-imports-tests',
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { path: '^test/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
};
