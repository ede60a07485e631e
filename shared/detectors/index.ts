import type { Detector } from '../domain/detector';
import { bootstrapNotFinished } from './bootstrap-not-finished';
import { easSuccessDespiteCaFailure } from './eas-success-despite-ca-failure';
import { groupMigrationLeftover } from './group-migration-leftover';
import { guestProxyAddressConflict } from './guest-proxy-address-conflict';
import { mfaRegistrationUnfinished } from './mfa-registration-unfinished';
import { registrationWithoutOutcome } from './registration-without-outcome';
import { securityInfoPromptLoop } from './security-info-prompt-loop';
import { smartLockoutOvershoot } from './smart-lockout-overshoot';
import { upnProxyAddressReserved } from './upn-proxy-address-reserved';

/** The register: every detector, by id. */
export const DETECTORS: readonly Detector[] = [
  bootstrapNotFinished,
  easSuccessDespiteCaFailure,
  groupMigrationLeftover,
  guestProxyAddressConflict,
  mfaRegistrationUnfinished,
  registrationWithoutOutcome,
  securityInfoPromptLoop,
  smartLockoutOvershoot,
  upnProxyAddressReserved,
];

/** Ids that no detector may have again: of those that are gone, whose findings are still stored. */
export const RETIRED_DETECTORS: readonly string[] = [];
