import { createPhone, type Person, type Place } from '../../cli/demo-tenant/people';
import { seeded, type Random } from '../../cli/demo-tenant/random';
import { HOUR, type Duration } from '../../shared/domain/time';

/** Somebody of the simulated tenant, and what their days are like. */
export interface Employee extends Person {
  readonly role: 'member' | 'admin' | 'guest';
  /** When their working day begins, after midnight UTC. */
  readonly begins: Duration;
  /** Their phone fetches mail by ActiveSync, with a certificate. */
  readonly hasMailOnPhone: boolean;
  /** The day of the simulation on which they come or go; absent for most. */
  readonly joins?: number;
  readonly leaves?: number;
}

const FIRST =
  'Ada,Ben,Carla,Dan,Eva,Finn,Gro,Hugo,Ida,Jon,Kari,Leo,Mia,Nils,Olga,Per,Rosa,Sven,Tove,Ulf'.split(
    ',',
  );
const LAST =
  'Abel,Berg,Costa,Dahl,Eide,Frank,Garcia,Holm,Ito,Jensen,Klein,Lima,Moen,Novak,Olsen,Petit,Ruiz,Sato,Toth,Weber'.split(
    ',',
  );
const OFFICES: readonly { readonly place: Place; readonly begins: Duration }[] = [
  { place: { city: 'Oslo', state: 'Oslo', countryOrRegion: 'NO' }, begins: 7 * HOUR },
  { place: { city: 'Lyon', state: 'Rhone', countryOrRegion: 'FR' }, begins: 8 * HOUR },
  { place: { city: 'Lisbon', state: 'Lisboa', countryOrRegion: 'PT' }, begins: 9 * HOUR },
  { place: { city: 'Chicago', state: 'Illinois', countryOrRegion: 'US' }, begins: 14 * HOUR },
];
const DESKS = [
  ['Windows 11', 'Edge 140.0.0'],
  ['Windows 10', 'Chrome 141.0.0'],
  ['MacOs', 'Safari 18.4'],
] as const;
const SHARES = { guest: 0.06, admin: 0.02, phone: 0.5, mailOnPhone: 0.15 };
/** Of a hundred people so many come and as many go in a month. */
const TURNOVER = 2;
const DAYS_IN_A_MONTH = 30;

/** Everybody who works for the tenant while it is simulated; the first two are administrators. */
export function createEmployees(users: number, days: number, seed: string): readonly Employee[] {
  const random = seeded(`${seed}|employees`);
  return Array.from({ length: users }, (_, i) => createEmployee(i, days, random));
}

function createEmployee(i: number, days: number, random: Random): Employee {
  const name = `${random.pick(FIRST)} ${random.pick(LAST)}`;
  const [operatingSystem, browser] = random.pick(DESKS);
  const office = random.pick(OFFICES);
  const chance = random.next();
  const isAdmin = i < 2 || chance < SHARES.admin;
  const role = isAdmin ? 'admin' : chance < SHARES.admin + SHARES.guest ? 'guest' : 'member';
  const address = `${name.toLowerCase().replace(' ', '.')}.${i}`;
  const turnover = (TURNOVER / 100) * (days / DAYS_IN_A_MONTH);
  const moves = role === 'member' ? random.next() : 1;
  const day = random.below(days);
  return {
    id: random.guid(),
    name,
    upn: role === 'guest' ? `${address}@partner.example` : `${address}@example.com`,
    ipAddress: `192.0.2.${1 + (i % 254)}`,
    ...office,
    ...{ operatingSystem, browser, role },
    hasMailOnPhone: role === 'member' && random.next() < SHARES.mailOnPhone,
    ...(moves >= turnover && random.next() < SHARES.phone && { phone: createPhone(random) }),
    ...(moves < turnover && { joins: day }),
    ...(moves >= turnover && moves < 2 * turnover && { leaves: day }),
  };
}

/** Whether somebody is with the tenant on a day, before it and after it included. */
export function isThere({ joins, leaves }: Employee, day: number): boolean {
  return (joins === undefined || day >= joins) && (leaves === undefined || day < leaves);
}
