import type { AuditRecord } from '../../../shared/domain/record';
import { isFailure, methodOf, type MethodKind } from '../../../shared/domain/records/security-info';
import { toInstant } from '../../../shared/domain/time';

const row = (fields: Partial<AuditRecord>): AuditRecord => ({
  source: 'directoryAudits',
  id: 'a',
  at: toInstant('2026-03-02T12:00:00Z'),
  activity: 'User registered security info',
  initiator: {},
  targets: [],
  ...fields,
});

describe('domain/records/security-info', () => {
  it.each<readonly [string, MethodKind]>([
    ['User registered Authenticator App with Notification and Code', 'authenticator'],
    ['User registered Authenticator App with Code', 'authenticator'],
    ['User registered Microsoft Authenticator Authentication Method', 'authenticator'],
    ['User registered Authenticator Lite', 'authenticator'],
    ['User registered Mobile App Notification', 'authenticator'],
    ['User registered Passkey (Microsoft Authenticator)', 'authenticator'],
    ['User registered Passwordless phone sign-in', 'authenticator'],
    ['User registered Software OATH token', 'authenticator'],
    ['Der Benutzer hat die Authenticator-App registriert', 'authenticator'],
    ['User registered Hardware OATH token', 'hardware-token'],
    ['User registered Fido', 'security-key'],
    ['User registered Fido2 Authentication Method', 'security-key'],
    ['User registered Passkey', 'passkey'],
    ['User registered Windows Hello for Business', 'windows-hello'],
    ['User registered Mobile Phone SMS', 'phone'],
    ['User deleted Mobile Phone Call and SMS', 'phone'],
    ['User registered Office Phone', 'phone'],
    ['Admin registered phone method for user', 'phone'],
    ['Admin registered temporary access pass method for user', 'temporary-pass'],
    ['User registered App Password', 'app-password'],
    ['User registered Email', 'email'],
    ['Der Benutzer hat E-Mail registriert', 'email'],
    ['User registered Security Questions', 'questions'],
    ['User registered Retina', 'unknown'],
    ['User registered security info', 'unnamed'],
    ['User registered all required security info.', 'unnamed'],
    ['Der Benutzer hat etwas registriert', 'unnamed'],
    ['', 'unnamed'],
  ])('reads the reason "%s" as %s', (reason, expected) => {
    expect(methodOf(row({ reason }))).toBe(expected);
  });

  it.each<readonly [string, MethodKind]>([
    ['Add passwordless phone sign-in credential', 'authenticator'],
    ['Add Passkey (device-bound)', 'passkey'],
    ['Add Passkey (device-bound) security key', 'security-key'],
    ['Delete FIDO2 security key(s)', 'security-key'],
    ['Add Windows Hello for Business credential', 'windows-hello'],
    ['Add platform credential', 'platform-credential'],
    ['User registered security info', 'unnamed'],
  ])('reads the activity "%s" as %s', (activity, expected) => {
    expect(methodOf(row({ activity }))).toBe(expected);
  });

  it.each<readonly [Record<string, string>, MethodKind]>([
    [{ AuthenticationMethod: 'Fido' }, 'security-key'],
    [{ AuthenticationMethod: 'Retina' }, 'unknown'],
    [{ Provider: 'Microsoft Authenticator' }, 'authenticator'],
    [{ 'User-Agent': 'Microsoft Authenticator/6.8' }, 'unnamed'],
    [{ UserType: 'Member' }, 'unnamed'],
  ])('reads the details %j as %s', (details, expected) => {
    expect(methodOf(row({ details }))).toBe(expected);
  });

  it('takes the app for the passkey in it, whichever names it', () => {
    const reason = 'User registered Passkey';
    const details = { AuthenticationMethod: 'Microsoft Authenticator' };

    expect(methodOf(row({ reason, details }))).toBe('authenticator');
  });

  it.each([
    ['User failed to register Authenticator App with Code', true],
    ['User registered Authenticator App with Code', false],
    [undefined, false],
  ])('takes "%s" for a failure: %s', (reason, expected) => {
    expect(isFailure(row({ reason }))).toBe(expected);
  });
});
