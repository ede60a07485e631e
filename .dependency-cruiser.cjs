// Imports go one way: doors -> composition -> pipeline -> domain (docs/architecture.md).
const only = (name, from, allowed, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from },
  to: { pathNot: allowed },
});
const FACTS = 'shared/domain/';

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
      'detectors-import-domain',
      '^shared/detectors/',
      [`^${FACTS}`, '^shared/detectors/'],
      'No clock, no IO.',
    ),
    only(
      'pipeline-knows-ports',
      '^shared/pipeline/',
      [`^${FACTS}`, '^shared/pipeline/', '^node_modules/zod/'],
      'Use cases know ports, never an SDK.',
    ),
    {
      name: 'adapters-implement-ports',
      severity: 'error',
      from: { path: '^shared/adapters/' },
      to: { path: '^(shared/(detectors|config|composition)|cli|functions)' },
    },
    {
      name: 'config-is-read-by-doors',
      severity: 'error',
      from: { path: '^shared/config/' },
      to: {
        path: '^(shared/(adapters|pipeline|composition)|cli|functions)',
        pathNot: '^shared/adapters/teams/webhook-url',
      },
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
