import { BundleError } from '../../../cli/local-host/functions-core';
import { readRoute } from '../../../cli/local-host/routes';

describe('a route template', () => {
  it.each([
    ['api/findings', '/api/findings', {}],
    ['api/findings', '/API/Findings/', {}],
    ['api/findings', '/api/findings/x', undefined],
    ['api/openapi.json', '/api/openapi.json', {}],
    ['api/openapi.json', '/api/openapiXjson', undefined],
    ['api/findings/{id}', '/api/findings/a-b%20c', { id: 'a-b c' }],
    ['api/findings/{id}', '/api/findings/%E0', { id: '%E0' }],
    ['api/findings/{id}', '/api/findings', undefined],
    ['api/findings/{id}/transitions', '/api/findings/a/transitions', { id: 'a' }],
    ['api/findings/{id?}', '/api/findings', {}],
    ['api/findings/{id?}', '/api/findings/a', { id: 'a' }],
    ['assets/{*path}', '/assets/a/b.js', { path: 'a/b.js' }],
    ['assets/{*path}', '/assets', {}],
    ['api/pages/{page:int}', '/api/pages/12', { page: '12' }],
    ['api/pages/{page:int}', '/api/pages/x', undefined],
    ['api/{id:guid}', '/api/de300000-0000-4000-8000-000000000001', expect.anything()],
    ['api/{id:guid}', '/api/1', undefined],
    ['{ignored:maxlength(0)?}', '/', {}],
    ['{ignored:maxlength(0)?}', '/api', undefined],
  ])('%s and %s', (template, path, params) => {
    expect(readRoute(template).match(path)).toEqual(params);
  });

  it('prefers literal parts', () => {
    const templates = ['api/{*rest}', 'api/findings', 'api/{id}'];

    const sorted = templates.toSorted((a, b) => readRoute(b).weight - readRoute(a).weight);

    expect(sorted).toEqual(['api/findings', 'api/{id}', 'api/{*rest}']);
  });

  it.each(['api/{id:regex(x)}', 'api/v{version}', 'api/{open'])('refuses %s', (template) => {
    expect(() => readRoute(template)).toThrow(BundleError);
  });
});
