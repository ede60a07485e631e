import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A resource as it would be after a deployment. What is known only then is an expression in brackets. */
export interface Resource {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly [property: string]: unknown;
}

/** A compiled template. Modules are templates in templates. */
export interface Template {
  readonly parameters?: Readonly<
    Record<string, { readonly type?: string; readonly $ref?: string }>
  >;
  readonly outputs?: Readonly<Record<string, { readonly value?: unknown }>>;
  readonly [property: string]: unknown;
}

/** What `npm run bicep` compiled and CI compares; `production` is with main.prod.bicepparam and sign-in switched on. */
export interface Infra {
  readonly template: Template;
  readonly production: readonly Resource[];
}

/** A fresh copy each time, so that a test can spoil it; `main.private.json` is the same with a network of its own. */
export function loadInfra(
  snapshot: 'main.prod.json' | 'main.private.json' = 'main.prod.json',
): Infra {
  const { predictedResources } = read(snapshot) as { predictedResources: Resource[] };
  return { template: read('main.json') as Template, production: predictedResources };
}

/** The compiled directory.bicep. */
export function loadDirectory(): Template {
  return read('directory.json') as Template;
}

/** Settings of the app in production, by name. */
export function appSettings(production: readonly Resource[]): Readonly<Record<string, string>> {
  const found = production.find((each) => each.id.endsWith('/config/appsettings'));
  return (found?.['properties'] ?? {}) as Record<string, string>;
}

/** What stands at a path like `properties.siteConfig.minTlsVersion`. */
export function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
}

function read(name: string): unknown {
  const path = join(__dirname, '..', '..', 'infra', 'snapshot', name);
  return JSON.parse(readFileSync(path, 'utf8'));
}
