import { readConfig } from '../../shared/config/config';
import { readConfigForTimers } from '../../shared/config/config-for-timers';
import { ConfigError } from '../../shared/config/detectors';

const WORKING = {
  TENANT_ID: '00000000-0000-4000-8000-000000000001',
  TABLES_ENDPOINT: 'https://account.table.core.windows.net',
  TEAMS_WEBHOOK_URL: 'https://prod-1.westeurope.logic.azure.com/workflows/1?sig=abc',
};

describe('settings for the timers', () => {
  it('are those of a terminal when all of them can be used', () => {
    expect(readConfigForTimers(WORKING)).toEqual(readConfig(WORKING));
    expect(readConfigForTimers(WORKING).switchedOff).toEqual([]);
  });

  it.each([
    '@Microsoft.KeyVault(SecretUri=https://vault.vault.azure.net/secrets/webhook)',
    'https://example.com/?sig=abc',
    'no address',
  ])('go on without Teams when its address is %s', (TEAMS_WEBHOOK_URL) => {
    const config = readConfigForTimers({ ...WORKING, TEAMS_WEBHOOK_URL });

    expect(config.teamsWebhook).toBeUndefined();
    expect(config.detectors).toEqual(readConfig(WORKING).detectors);
    expect(config.switchedOff).toEqual([
      expect.stringMatching(
        /^TEAMS_WEBHOOK_URL.* no alert is posted to Teams; findings are kept\.$/,
      ),
    ]);
    expect(config.switchedOff.join()).not.toContain('sig=');
  });

  it('go on with the default of a bad DIGEST_ABOVE', () => {
    const config = readConfigForTimers({ ...WORKING, DIGEST_ABOVE: 'many' });

    expect(config.digestAbove).toBe(readConfig(WORKING).digestAbove);
    expect(config.switchedOff).toEqual([expect.stringMatching(/^DIGEST_ABOVE .* it is 10\.$/)]);
  });

  it.each(['GRACE', 'STAGE', 'ENABLED'])(
    'go on without the detector whose %s cannot be used',
    (setting) => {
      const name = `DETECTOR_MFA_REGISTRATION_UNFINISHED_${setting}`;
      const config = readConfigForTimers({ ...WORKING, [name]: 'often' });

      const all = readConfig(WORKING).detectors.map(({ detector }) => detector.id);
      expect(config.detectors.map(({ detector }) => detector.id)).toEqual(
        all.filter((id) => id !== 'mfa-registration-unfinished'),
      );
      expect(config.switchedOff).toEqual([
        expect.stringMatching(/often.* mfa-registration-unfinished does not run\.$/),
      ]);
    },
  );

  it('go on whatever settings no detector takes', () => {
    const config = readConfigForTimers({ ...WORKING, DETECTOR_NONE_GRACE: '1h' });

    expect(config.detectors).toEqual(readConfig(WORKING).detectors);
    expect(config.switchedOff).toEqual([expect.stringMatching(/It changes nothing\.$/)]);
  });

  it.each([
    { TENANT_ID: 'contoso' },
    { GRAPH_AUTH: 'maybe' },
    { TABLES_ENDPOINT: '' },
    { READING: 'perhaps' },
    { RETENTION_DAYS: '1' },
  ])('cannot be used at all with %j, and every problem is named', (bad) => {
    const environment = { ...WORKING, ...bad, TEAMS_WEBHOOK_URL: 'no address' };

    expect(() => readConfigForTimers(environment)).toThrow(ConfigError);
    expect(() => readConfigForTimers(environment)).toThrow(/TEAMS_WEBHOOK_URL/);
    expect(() => readConfigForTimers(environment)).toThrow(Object.keys(bad)[0]);
  });
});
