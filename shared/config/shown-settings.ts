import type { Environment } from './detectors';
import { allSettings } from './settings';

/** A setting as it may be shown: of a secret only whether it is set, of an address nothing after its path. */
export interface ShownSetting {
  readonly name: string;
  readonly value: string;
  readonly isDefault: boolean;
}

export function shownSettings(environment: Environment): readonly ShownSetting[] {
  return allSettings().map((setting) => {
    const given = environment[setting.name]?.trim() ?? '';
    const value = given === '' ? (setting.default ?? '') : given;
    const shown =
      setting.isSecret === true ? (given === '' ? 'not set' : 'set') : (value.split('?')[0] ?? '');
    return { name: setting.name, value: shown, isDefault: given === '' };
  });
}
