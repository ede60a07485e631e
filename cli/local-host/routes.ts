import { BundleError } from './functions-core';

/** A route template such as `api/findings/{id}`, ready to be matched. */
export interface Route {
  readonly template: string;
  /** More literal parts win. */
  readonly weight: number;
  /** @returns the parameters, or undefined when the path is another one. */
  match(path: string): Record<string, string> | undefined;
}

/**
 * Reads a route template: literal parts, `{name}`, `{name?}` at the end, `{*rest}` at the end, and the constraints in
 * use.
 * @throws BundleError for a constraint that is not known here.
 */
export function readRoute(template: string): Route {
  const parts = segmentsOf(template).map(readPart);
  const pattern = parts.map((part) => part.pattern).join('');
  const matcher = new RegExp(`^${pattern}$`, 'i');
  return {
    template,
    weight: parts.reduce((sum, part) => sum * 4 + part.weight, 1),
    match(path) {
      const found = matcher.exec(
        segmentsOf(path)
          .map((each) => `/${each}`)
          .join(''),
      );
      if (found === null) {
        return undefined;
      }
      const names = parts.flatMap((part) => part.name ?? []);
      const values = names.map((name, i) => [name, decoded(found[i + 1])] as const);
      return Object.fromEntries(values.filter(([, value]) => value !== ''));
    },
  };
}

interface Part {
  readonly pattern: string;
  readonly weight: number;
  readonly name?: string;
}

const PARAMETER = /^\{(\*?)(\w+)((?::[^{}?]+)*)(\??)\}$/;

function readPart(segment: string): Part {
  const [, star, name, constraints = '', optional] = PARAMETER.exec(segment) ?? [];
  if (name === undefined) {
    if (/[{}]/.test(segment)) {
      throw new BundleError(`the local host cannot read the route part ${segment}`);
    }
    return { pattern: `/${segment.replace(/[^\w-]/g, '\\$&')}`, weight: 3 };
  }
  if (star !== '') {
    return { pattern: '(?:/(.*))?', weight: 1, name };
  }
  const value = constraints.split(':').slice(1).reduce(constrain, '[^/]+');
  return optional === ''
    ? { pattern: `/(${value})`, weight: 2, name }
    : { pattern: `(?:/(${value}))?`, weight: 2, name };
}

function constrain(_: string, constraint: string): string {
  const most = /^maxlength\((\d+)\)$/.exec(constraint)?.[1];
  if (most !== undefined) {
    return `[^/]{0,${most}}`;
  }
  if (constraint === 'int') {
    return '-?\\d+';
  }
  if (constraint === 'guid') {
    return '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}';
  }
  throw new BundleError(`the local host does not know the route constraint ${constraint}`);
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter((each) => each !== '');
}

function decoded(value = ''): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value; // as it was written
  }
}
