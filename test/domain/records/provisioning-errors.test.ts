import {
  addressOf,
  namedByService,
  namedBySync,
  type ServiceError,
} from '../../../shared/domain/records/provisioning-errors';

const error = (detail: string, raw: Partial<ServiceError> = {}): ServiceError => ({
  ...{ isResolved: false, instance: 'exchange/NAMPRD04-001-01', detail },
  ...raw,
});
const named = (detail: string, mail?: string): string[] =>
  namedByService([error(detail)], mail).map(({ address }) => address);
const record = (code: string, description: string): string =>
  `<ErrorRecord><ErrorCode>${code}</ErrorCode><ErrorDescription>${description}</ErrorDescription></ErrorRecord>`;

describe('domain/records/provisioning-errors', () => {
  it.each([
    ['straight quotes', 'The proxy address "SMTP:Tim@partner.example" is already being used.'],
    ['curly quotes', 'The proxy address “SMTP:tim@partner.example” is already being used.'],
    ['quotes as entities', 'The proxy address &quot;SMTP:tim@partner.example&quot; is used.'],
    ['no quotes', 'The proxy address SMTP:tim@partner.example is already being used.'],
    ['no prefix, and whose it is', "The value 'tim@partner.example' is used by 'ann@a.example'."],
    ['a full stop right after it', 'Already used: smtp:tim@partner.example.'],
  ])('finds the address in %s', (_how, text) => {
    expect(named(record('Ex1472D1', text))).toEqual(['tim@partner.example']);
  });

  it.each([
    ['XML that is cut', '<ErrorCode>Ex1472D1</ErrorCode><ErrorDescription>SMTP:a@b.example is'],
    [
      'a namespace',
      '<e:ErrorCode>Ex1</e:ErrorCode><e:ErrorDescription>smtp:a@b.example</e:ErrorDescription>',
    ],
    ['no code at all', '<ErrorDescription>SMTP:a@b.example is taken</ErrorDescription>'],
    ['no XML at all', 'SMTP:a@b.example is taken'],
  ])('reads %s', (_how, text) => {
    expect(named(text)).toEqual(['a@b.example']);
  });

  it('says what the error says in one sentence, with its code', () => {
    const text = record(
      'Ex1472D1',
      'The  proxy\naddress “SMTP:a@b.example” is used &lt;here&gt;. Please choose.',
    );

    expect(namedByService([error(text)], undefined)).toEqual([
      {
        address: 'a@b.example',
        want: {
          ...{ by: 'service', code: 'Ex1472D1' },
          says: 'The proxy address "SMTP:a@b.example" is used <here>.',
        },
      },
    ]);
  });

  it('evaluates no entity, whoever defined it', () => {
    const bomb =
      '<!DOCTYPE x [<!ENTITY a "smtp:boom@b.example"><!ENTITY b SYSTEM "file:///etc/passwd">]>' +
      record('Ex1472D1', '&a; &b; smtp:real@b.example &#115;mtp:no@b.example.');

    const [first] = namedByService([error(bomb)], undefined);

    expect(named(bomb)[0]).toBe('real@b.example');
    expect(first!.want.says).toContain('&a; &b;');
  });

  it('is not slow on what is endless', () => {
    const began = performance.now();

    named('<ErrorCode>'.repeat(200_000));
    named(`<ErrorDescription>${'a@'.repeat(500_000)}`);

    expect(performance.now() - began).toBeLessThan(2_000);
  });

  it('an error that says an address is taken and names none means the own one', () => {
    expect(named(record('Ex1472D1', 'It is taken.'), 'me@b.example')).toEqual(['me@b.example']);
    expect(named(record('Ex1472D1', 'It is taken.'))).toEqual([]);
    expect(named(record('ExABCDEF', 'Something else.'), 'me@b.example')).toEqual([]);
  });

  it('a cmdlet that failed says nothing of its own', () => {
    expect(named(record('ExFEBFF0', 'smtp:a@b.example failed.'), 'me@b.example')).toEqual([]);
  });

  it('resolved errors and those of other services are none', () => {
    const text = record('Ex1472D1', 'smtp:a@b.example');
    const others = [
      error(text, { isResolved: true }),
      error(text, { instance: 'SharePoint/x' }),
      error(text, { instance: 'exchangeish/x' }),
    ];

    expect(namedByService(others, undefined)).toEqual([]);
    expect(namedByService([error(text, { instance: 'Exchange/x' })], undefined)).toHaveLength(1);
  });

  it.each([
    ['ProxyAddresses', 'SMTP:A@b.example', ['a@b.example']],
    ['proxyaddress', 'a@b.example', ['a@b.example']],
    ['UserPrincipalName', 'a@b.example', ['a@b.example']],
    ['ProxyAddresses', 'x500:/o=a', []],
    ['ImmutableId', 'a@b.example', []],
  ])('a conflict of %s over %s', (property, value, found) => {
    const conflicts = namedBySync([{ category: 'propertyconflict', property, value }]);

    expect(conflicts.map(({ address }) => address)).toEqual(found);
    expect(namedBySync([{ category: 'Other', property, value }])).toEqual([]);
  });

  it.each([
    ['SMTP:A@b.example', 'a@b.example'],
    ['smtp:a@b.example', 'a@b.example'],
    [' a@b.example ', 'a@b.example'],
    ['sip:a@b.example', undefined],
    ['x500:/o=a/cn=a@b', undefined],
    ['a b@c', undefined],
    ['', undefined],
  ])('%j is %s', (text, address) => {
    expect(addressOf(text)).toBe(address);
  });
});
