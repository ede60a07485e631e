import {
  checkWebhookUrl,
  webhookName,
} from '../../../../shared/adapters/channels/teams/webhook-url';
import { sha256 } from '../../../../shared/domain/json';

const QUERY = '?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=aB-c_d.e~f%2Bg';
const POWER =
  'default0123456789abcdef.01.environment.api.powerplatform.com:443/powerautomate/automations/direct';

describe('adapters/channels/teams/webhook-url', () => {
  describe('takes', () => {
    it.each([
      [
        'the old shape',
        `https://prod-12.westeurope.logic.azure.com:443/workflows/0a/triggers/manual/paths/invoke${QUERY}`,
      ],
      ['the new shape', `https://${POWER}/workflows/0a/triggers/manual/paths/invoke${QUERY}`],
      ['the newest shape', `https://${POWER}/cu/08/workflows/0a/triggers/manual/x${QUERY}`],
      ['no port', `https://prod-12.westeurope.logic.azure.com/workflows/0a${QUERY}`],
      ['spaces around it', `  https://a.logic.azure.com/x${QUERY}\n`],
      ['upper case in the host', `https://PROD-1.Logic.Azure.com/x${QUERY}`],
    ])('%s, with the query string byte for byte', (_, text) => {
      const checked = checkWebhookUrl(text, { allowLoopback: false });

      expect('url' in checked && checked.url.search).toBe(QUERY);
    });

    it.each(['http://127.0.0.1:7071/hook', 'http://localhost:1/', 'http://[::1]:5/?a=1'])(
      '%s when loopback is allowed',
      (text) => {
        expect('url' in checkWebhookUrl(text, { allowLoopback: true })).toBe(true);
      },
    );
  });

  describe('refuses', () => {
    const SECRET = 'sig=TopSecretSignature';
    it.each([
      ['no URL', `hello ${SECRET}`, /is not a https URL.*create a Workflow/],
      ['another scheme', `ftp://a.logic.azure.com/${SECRET}`, /is not a https URL/],
      ['http', `http://a.logic.azure.com/x?${SECRET}`, /is not https/],
      ['another port', `https://a.logic.azure.com:8443/x?${SECRET}`, /port/],
      ['a user', `https://user:pw@a.logic.azure.com/x?${SECRET}`, /user name or a password/],
      ['an empty user', `https://@a.logic.azure.com/x?${SECRET}`, /user name or a password/],
      ['an address', `https://203.0.113.7/x?${SECRET}`, /IP address/],
      ['an address in disguise', `https://0xcb007107/x?${SECRET}`, /IP address/],
      ['an IPv6 address', `https://[2001:db8::1]/x?${SECRET}`, /IP address/],
      ['the metadata service', `https://169.254.169.254/x?${SECRET}`, /IP address/],
      ['another host', `https://hooks.example.com/x?${SECRET}`, /not on the list/],
      ['a look-alike host', `https://evillogic.azure.com/x?${SECRET}`, /not on the list/],
      ['a longer host', `https://a.logic.azure.com.example.com/?${SECRET}`, /not on the list/],
      ['a trailing dot', `https://a.logic.azure.com./x?${SECRET}`, /not on the list/],
      ['the bare suffix', `https://.logic.azure.com/x?${SECRET}`, /not on the list/],
      [
        'a retired connector',
        `https://contoso.webhook.office.com/x?${SECRET}`,
        /was retired.*create a Workflow: "Post to a channel when a webhook request is received"/,
      ],
      ['an older connector', `https://outlook.office.com/webhook/x?${SECRET}`, /was retired/],
      ['a line break', `https://a.logic.azure.com/x?a=1\n&${SECRET}`, /Copy it again/],
      ['a quote', `https://a.logic.azure.com/x?${SECRET}'`, /Copy it again/],
      ['a fragment', `https://a.logic.azure.com/x?${SECRET}#x`, /after "#"/],
      ['loopback', `http://127.0.0.1:7071/x?${SECRET}`, /this machine/],
      ['loopback in disguise', `http://0x7f000001/x?${SECRET}`, /this machine/],
    ])('%s, without repeating it', (_, text, sentence) => {
      const checked = checkWebhookUrl(text, { allowLoopback: false });

      const problem = 'problem' in checked ? checked.problem : '';
      expect(problem).toMatch(sentence);
      expect(problem).toMatch(/\.$/);
      expect(problem).toContain(`sha256 ${sha256(text.trim()).slice(0, 8)}`);
      expect(problem).not.toMatch(/TopSecret|\/x|user:|pw/);
    });

    it('a non-loopback http host also when loopback is allowed', () => {
      const checked = checkWebhookUrl('http://a.logic.azure.com/x', { allowLoopback: true });

      expect(checked).toHaveProperty('problem');
    });
  });

  it('names a webhook by host and fingerprint', () => {
    const name = webhookName(new URL('https://a.logic.azure.com/x?sig=1'));

    expect(name).toMatch(/^host a\.logic\.azure\.com, sha256 [0-9a-f]{8}$/);
  });
});
