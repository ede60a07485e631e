import type { Tale } from '../scene';
import { BOOTSTRAP_TALES } from './bootstrap';
import { EAS_TALES } from './eas';
import { GROUP_TALES } from './groups';
import { LOCKOUT_TALES } from './lockout';
import { MFA_TALES } from './mfa';
import { OUTCOME_TALES } from './outcome';
import { PROMPT_TALES } from './prompts';

/** Everything that can happen to somebody beside everyday life, by name. */
export const TALES: Readonly<Record<string, Tale>> = {
  ...EAS_TALES,
  ...MFA_TALES,
  ...OUTCOME_TALES,
  ...LOCKOUT_TALES,
  ...PROMPT_TALES,
  ...BOOTSTRAP_TALES,
  ...GROUP_TALES,
};
