import { readChange } from '../../../shared/adapters/rows/changes';
import { RowError } from '../../../shared/adapters/rows/fields';

const PHONES = 'StrongAuthenticationPhoneAppDetail';
const DETAILS = 'StrongAuthenticationUserDetails';
const phone = (Id: string, DeviceToken: unknown): object => ({
  Id,
  DeviceName: 'Pixel 9',
  DeviceToken,
  PhoneAppVersion: '6.7.12',
  LastAuthenticatedTimestamp: '2026-03-02T12:00:00Z',
  AuthenticatorFlavor: null,
});
const kept = (Id: string): object => ({
  Id,
  DeviceName: 'Pixel 9',
  LastAuthenticatedTimestamp: '2026-03-02T12:00:00Z',
  AuthenticatorFlavor: null,
});

describe('adapters/rows/changes', () => {
  describe('push tokens', () => {
    it('become stand-ins that are equal where the tokens were', () => {
      const before = JSON.stringify([phone('a', 'secret-1'), phone('b', 'secret-2')]);
      const after = JSON.stringify([phone('c', 'secret-2'), phone('d', 'secret-3')]);

      const change = readChange(PHONES, before, after);

      expect(change).toEqual({
        property: PHONES,
        before: [
          { ...kept('a'), DeviceToken: 'token-1' },
          { ...kept('b'), DeviceToken: 'token-2' },
        ],
        after: [
          { ...kept('c'), DeviceToken: 'token-2' },
          { ...kept('d'), DeviceToken: 'token-3' },
        ],
      });
    });

    it.each(['NO_DEVICE_TOKEN', '', null, undefined, 7, ['secret']])('%j is none', (token) => {
      const change = readChange(PHONES, '[]', JSON.stringify([phone('a', token)]));

      expect(change?.after).toEqual([kept('a')]);
    });

    it('do not hide inside another field', () => {
      const odd = { ...phone('a', 'secret'), DeviceName: { DeviceToken: 'secret' } };

      const change = readChange(PHONES, '[]', JSON.stringify([odd]));

      expect(JSON.stringify(change)).not.toContain('secret');
    });
  });

  describe('other properties', () => {
    it('keep method types as they are', () => {
      const change = readChange(
        'StrongAuthenticationMethod',
        '[]',
        '[{"MethodType":6,"Default":true,"x":1}]',
      );

      expect(change).toEqual({
        property: 'StrongAuthenticationMethod',
        before: [],
        after: [{ MethodType: 6, Default: true }],
      });
    });

    it('keep of contact details only whether they are set', () => {
      const after = JSON.stringify([{ PhoneNumber: '+47 555 01 234', Email: '', Other: null }]);

      expect(readChange(DETAILS, null, after)).toEqual({
        property: DETAILS,
        after: [{ PhoneNumber: 'set', Email: null, Other: null }],
      });
    });

    it('keep the name of a role, and nothing that is not a name', () => {
      expect(readChange('Role.DisplayName', null, '"Global Administrator"')?.after).toBe(
        'Global Administrator',
      );
      expect(readChange('Role.DisplayName', null, '{"PhoneNumber":"555"}')?.after).toBeNull();
    });

    it.each([
      'SPN',
      'ActorId.ServicePrincipalNames',
      'Role.DisplayName',
      'TemporaryAccessPass.EndDateTime',
    ])('keep %s, however it is written', (property) => {
      for (const written of ['a name', '"a name"', JSON.stringify('"a name"')]) {
        expect(readChange(property, null, written)).toEqual({ property, after: 'a name' });
      }
    });

    it.each(['Included Updated Properties', 'constructor', '__proto__', 'toString', '', undefined])(
      'drop %j',
      (property) => {
        expect(readChange(property, 'not JSON', '{"secret":1}')).toBeUndefined();
      },
    );
  });

  describe('values', () => {
    it('tells null from an empty list', () => {
      expect(readChange(PHONES, null, '[]')).toEqual({ property: PHONES, after: [] });
      expect(readChange(PHONES, '[]', '')).toEqual({ property: PHONES, before: [] });
      expect(readChange(PHONES, undefined, undefined)).toEqual({ property: PHONES });
    });

    it('takes what an export parsed already', () => {
      expect(readChange(PHONES, [], [phone('a', 'secret')])?.after).toEqual([
        { ...kept('a'), DeviceToken: 'token-1' },
      ]);
    });

    it('takes JSON text inside JSON text, and null for absent', () => {
      const twice = JSON.stringify(JSON.stringify([phone('a', 'secret')]));

      expect(readChange(PHONES, '"[]"', twice)).toEqual({
        property: PHONES,
        before: [],
        after: [{ ...kept('a'), DeviceToken: 'token-1' }],
      });
      expect(readChange(PHONES, 'null', '""')).toEqual({ property: PHONES });
    });

    it('takes one object for a list of one, and nothing else for an object', () => {
      const after = '["text", 7, null, {"MethodType": 6}]';

      expect(readChange('StrongAuthenticationMethod', '{"MethodType":7}', after)).toMatchObject({
        before: [{ MethodType: 7, Default: null }],
        after: [{ MethodType: 6, Default: null }],
      });
    });

    it('survives a million brackets', () => {
      const deep = `[{"MethodType":${'['.repeat(500_000)}${']'.repeat(500_000)}}]`;

      expect(readChange('StrongAuthenticationMethod', '[]', deep)?.after).toEqual([
        { MethodType: null, Default: null },
      ]);
    });

    it.each([
      ['cut off', '[{"DeviceToken":"secret'],
      ['plain text', 'secret'],
      ['a megabyte', 'secret'.repeat(200_000)],
    ])('complains of %s without quoting it', (_what, value) => {
      const read = (): unknown => readChange(PHONES, '[]', value);

      expect(read).toThrow(RowError);
      expect(read).toThrow(`the newValue of ${PHONES} is not JSON (${value.length} characters)`);
      expect(read).not.toThrow('secret');
    });
  });
});

describe('a text that nobody could read', () => {
  it('is cut, so that a device with a name of 1 MB stops nothing', () => {
    const device = JSON.stringify([
      { Id: 'd', DeviceName: `${'x'.repeat(499)}😀${'y'.repeat(1_000_000)}` },
    ]);

    const [kept] = readChange(PHONES, '[]', device)?.after as unknown as { DeviceName: string }[];

    expect(kept?.DeviceName).toHaveLength(501);
    expect(kept?.DeviceName.isWellFormed()).toBe(true);
  });
});
