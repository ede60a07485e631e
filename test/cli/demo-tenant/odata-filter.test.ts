import { FilterError, parseFilter } from '../../../cli/demo-tenant/odata-filter';
import type { Filterables } from '../../../shared/sources/source';

const FILTERABLES: Filterables = {
  at: { kind: 'time' },
  name: { kind: 'text', startswith: true },
  app: { kind: 'text' },
  'status/errorCode': { kind: 'number' },
  targets: { kind: 'list', of: { id: { kind: 'text' }, name: { kind: 'text', startswith: true } } },
};
const ROW = {
  at: '2026-03-02T12:00:00.0000000Z',
  name: "Conan O'Brien",
  app: 'Exchange ActiveSync',
  status: { errorCode: 0 },
  targets: [
    { id: '1', name: 'Phone' },
    { id: '2', name: null },
  ],
};

describe('$filter', () => {
  it.each([
    ["app eq 'Exchange ActiveSync'", true],
    ["app eq 'exchange activesync'", false],
    ["name eq 'Conan O''Brien'", true],
    ["startswith(name,'Conan')", true],
    ["startsWith(name, 'O''')", false],
    ['status/errorCode eq 0', true],
    ['status/errorCode eq 50126', false],
    ['at ge 2026-03-02T12:00:00Z and at le 2026-03-02T12:00:00.0000000Z', true],
    ['at ge 2026-03-02T12:00:00.0000001Z', false],
    ['at le 2026-03-02T14:00:00+02:00', true],
    ['at eq 2026-03-02T12:00:00Z', true],
    ["app eq 'Browser' or status/errorCode eq 0", true],
    // `and` binds closer than `or`
    ["status/errorCode eq 0 or app eq 'Browser' and name eq 'x'", true],
    ["(status/errorCode eq 0 or app eq 'Browser') and name eq 'x'", false],
    ["((app eq 'Browser') or (app eq 'Exchange ActiveSync'))", true],
    ["  app eq 'Exchange ActiveSync'  ", true],
    ["targets/any(t:t/id eq '2')", true],
    ["targets/any(t: t/id eq '3')", false],
    ["targets/any(t:startswith(t/name, 'Ph')) and app eq 'Exchange ActiveSync'", true],
    // of one and the same member
    ["targets/any(t:t/id eq '1' and t/name eq 'Phone')", true],
    ["targets/any(t:t/id eq '2' and t/name eq 'Phone')", false],
  ])('%s: %s', (filter, expected) => {
    expect(parseFilter(filter, FILTERABLES)(ROW)).toBe(expected);
  });

  it('takes a property that a row does not have for different from everything', () => {
    const filter = parseFilter("startswith(name,'') or status/errorCode eq 0", FILTERABLES);

    expect(filter({ status: null, name: null })).toBe(false);
    expect(parseFilter("targets/any(t:t/id eq '1')", FILTERABLES)({ targets: null })).toBe(false);
  });

  it.each([
    [''],
    ["at ge '2026-03-02T12:00:00Z'"],
    ['at ge 2026-03-02'],
    ['at ge 2026-03-32T12:00:00Z'],
    ['at gt 2026-03-02T12:00:00Z'],
    ["app ne 'Browser'"],
    ["app ge 'Browser'"],
    ['app eq Browser'],
    ['app eq 1'],
    ["status/errorCode eq '0'"],
    ['status/errorCode ge 0'],
    ["category eq 'UserManagement'"],
    ["startswith(app,'Exchange')"],
    ['startswith(name,Conan)'],
    ["contains(name,'Conan')"],
    ["not (app eq 'Browser')"],
    ["app eq 'Browser' AND app eq 'x'"],
    ["app eq 'Browser' and"],
    ["app eq 'Browser' app"],
    ["(app eq 'Browser'"],
    ["app eq 'Browser')"],
    ["app eq 'Browser"],
    ["app eq'Browser'"],
    ["unknown/any(t:t/id eq 'x')"],
    ["app/any(t:t/id eq 'x')"],
    ["targets/any(t:t/category eq 'x')"],
    ["targets/any(t:id eq 'x')"],
    ["targets/any(t:app eq 'x')"],
    ["targets/any(t:t/id eq 'x'"],
    ["targets/any(t/id eq 'x')"],
    ["targets/all(t:t/id eq 'x')"],
    ["targets eq 'x'"],
    ["t/id eq '1'"],
    [`${'('.repeat(30)}app eq 'Browser'${')'.repeat(30)}`],
    ['__proto__ eq 1'],
  ])('refuses %s', (filter) => {
    expect(() => parseFilter(filter, FILTERABLES)).toThrow(FilterError);
  });
});
