import { seeded } from './random';

export interface Place {
  readonly city: string;
  readonly state: string;
  readonly countryOrRegion: string;
}

/** A member of the demo tenant. Names and addresses are of the ranges kept for documentation. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly upn: string;
  readonly ipAddress: string;
  readonly place: Place;
  readonly operatingSystem: string;
  readonly browser: string;
  /** Whoever registered long ago has one. */
  readonly phone?: Phone;
}

export interface Phone {
  readonly id: string;
  readonly name: string;
  /** A push token, which nothing may keep. */
  readonly token: string;
}

const NAMES =
  'Adele Vance,Alex Wilber,Amara Okafor,Anders Berg,Beatriz Lima,Ben Walters,Carla Moreno,Chen Wei,Cora Thomas,' +
  'Daniel Novak,Debra Berger,Diego Siciliani,Elif Kaya,Emily Braun,Enrico Cattaneo,Fatima Haddad,Felix Weber,' +
  'Grady Archie,Greta Lindqvist,Hana Sato,Henrietta Mueller,Ines Duarte,Irvin Sayers,Isaiah Langer,Jonas Meyer,' +
  'Joni Sherman,Julia Kowalska,Karim Benali,Lara Peeters,Lee Gu,Lidia Holloway,Lynne Robbins,Mads Jensen,' +
  'Megan Bowen,Miriam Graham,Nestor Wilke,Noor Rahman,Olivia Hansen,Patti Fernandez,Pradeep Gupta,Rosa Keller,' +
  'Sami Virtanen,Tove Nilsen,Yuki Tanaka';

const OFFICES: readonly Place[] = [
  { city: 'Oslo', state: 'Oslo', countryOrRegion: 'NO' },
  { city: 'Berlin', state: 'Berlin', countryOrRegion: 'DE' },
  { city: 'Lyon', state: 'Rhone', countryOrRegion: 'FR' },
  { city: 'Madrid', state: 'Madrid', countryOrRegion: 'ES' },
];

/** Where nobody of the tenant is. */
export const FAR_AWAY: readonly Place[] = [
  { city: 'El Progreso', state: 'Yoro', countryOrRegion: 'HN' },
  { city: 'Montevideo', state: 'Montevideo', countryOrRegion: 'UY' },
  { city: 'Wellington', state: 'Wellington', countryOrRegion: 'NZ' },
];

const DESKS = [
  ['Windows 11', 'Edge 140.0.0'],
  ['Windows 10', 'Chrome 141.0.0'],
  ['MacOs', 'Safari 18.4'],
] as const;
const PHONES = ['iPhone 15', 'Pixel 9', 'Galaxy S24', 'iPhone 13 mini'];

/** So many have registered long ago: their phones are rewritten at ordinary sign-ins, and no story is told of them. */
const ESTABLISHED = 14;

/** Everybody, the established first. */
export function createPeople(seed: string): readonly Person[] {
  const random = seeded(`${seed}|people`);
  return NAMES.split(',').map((name, i) => {
    const [operatingSystem, browser] = random.pick(DESKS);
    const person = {
      id: random.guid(),
      name,
      upn: `${name.toLowerCase().replace(' ', '.')}@example.com`,
      ipAddress: `192.0.2.${10 + i}`,
      place: random.pick(OFFICES),
      operatingSystem,
      browser,
    };
    return i < ESTABLISHED ? { ...person, phone: createPhone(random) } : person;
  });
}

export function createPhone(random: ReturnType<typeof seeded>): Phone {
  return {
    id: random.guid(),
    name: random.pick(PHONES),
    token: `apns2-${random.text(64, '0123456789abcdef')}`,
  };
}
