import type { Tale } from '../scene';
import { EAS_TALES } from './eas';
import { MFA_TALES } from './mfa';
import { OUTCOME_TALES } from './outcome';

/** Everything that can happen to somebody beside everyday life, by name. */
export const TALES: Readonly<Record<string, Tale>> = {
  ...EAS_TALES,
  ...MFA_TALES,
  ...OUTCOME_TALES,
};
