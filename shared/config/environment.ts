import type { Environment } from './detectors';

/** The environment of this process: the one place that reads it. */
export function processEnvironment(): Environment {
  return process.env;
}
