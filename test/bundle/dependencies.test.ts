import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import packageJson from '../../package.json';
import lock from '../../package-lock.json';

const BUNDLES = ['main', 'on-call', 'cli'];

/** The packages whose sources a bundle holds, as its source map names them. */
function packagesIn(bundle: string): readonly string[] {
  const file = join(__dirname, '..', '..', 'dist', `${bundle}.cjs.map`);
  const { sources } = JSON.parse(readFileSync(file, 'utf8')) as { readonly sources: string[] };
  return sources.flatMap((source) => {
    // A package that was bundled before it was published names its own sources.
    const [, path] = /^(?:.*node_modules\/|webpack:\/\/)(.+)$/.exec(source) ?? [];
    const parts = path?.split('/') ?? [];
    return path === undefined ? [] : [parts.slice(0, path.startsWith('@') ? 2 : 1).join('/')];
  });
}

describe('dependencies', () => {
  const held = new Set(BUNDLES.flatMap(packagesIn));

  it('are what the bundles hold: npm audit --omit=dev looks at all of it', () => {
    const packages = lock.packages as Readonly<Record<string, { readonly dev?: boolean } | object>>;
    const isAudited = (name: string): boolean => {
      const found = packages[`node_modules/${name}`];
      return found !== undefined && !('dev' in found);
    };

    expect(held.size).toBeGreaterThan(20);
    expect([...held].filter((name) => !isAudited(name))).toEqual([]);
  });

  it('hold nothing that is in no bundle', () => {
    const unused = Object.keys(packageJson.dependencies).filter((name) => !held.has(name));

    expect(unused).toEqual([]);
  });
});
