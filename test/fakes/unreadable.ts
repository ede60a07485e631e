import type { Instant } from '../../shared/domain/time';

type Row = Record<string, unknown>;

/** One way in which the row of a verified registration may be spoilt, and what must come of it. */
export interface Shape {
  readonly shape: string;
  readonly row: Row;
  /** `missed`: it cuts a gap. */
  readonly is: 'readable' | 'missed' | 'of unknown kind';
  /** Of this person alone; absent: of all. */
  readonly about?: string;
  readonly when?: 'exactly' | 'that day' | 'unknown';
}

/** "User registered security info" of one person, as Graph sends it. */
export function verificationRow(user: string, at: Instant, id = `verified-${user}`): Row {
  return {
    id,
    activityDateTime: at,
    activityDisplayName: 'User registered security info',
    category: 'UserManagement',
    loggedByService: 'Authentication Methods',
    operationType: 'Add',
    result: 'success',
    resultReason: 'User registered Authenticator App with Notification and Code',
    initiatedBy: {
      app: null,
      user: { id: user, displayName: null, userPrincipalName: `${user}@contoso.com` },
    },
    targetResources: [
      {
        id: user,
        type: 'User',
        displayName: user,
        userPrincipalName: `${user}@contoso.com`,
        modifiedProperties: [],
      },
    ],
  };
}

/** Every way that was seen, or that a careless exporter may come to. */
export function shapesOfVerification(user: string, at: Instant): readonly Shape[] {
  const full = verificationRow(user, at);
  const [target] = full['targetResources'] as [Row];
  const spoilt = (change: Row): Row => ({ ...full, ...change });
  const cut = { displayName: 'StrongAuthenticationMethod', oldValue: '[]', newValue: '[{"Meth' };
  const missed = { is: 'missed', about: user, when: 'exactly' } as const;
  const ofAll = { is: 'missed', when: 'exactly' } as const;
  const readable = { is: 'readable' } as const;
  return [
    { shape: 'no id', row: spoilt({ id: undefined }), ...missed },
    { shape: 'an empty id', row: spoilt({ id: '' }), ...missed },
    { shape: 'an id that is an object', row: spoilt({ id: { value: 'x' } }), ...missed },
    { shape: 'an id that is a number', row: spoilt({ id: 4711 }), ...readable },
    {
      shape: 'a time without zone',
      row: spoilt({ activityDateTime: at.replace('Z', '') }),
      ...{ ...missed, when: 'that day' },
    },
    {
      shape: 'no time',
      row: spoilt({ activityDateTime: null }),
      ...{ ...missed, when: 'unknown' },
    },
    {
      shape: 'a time that is none',
      row: spoilt({ activityDateTime: 'yesterday' }),
      ...{ ...missed, when: 'unknown' },
    },
    { shape: 'targets that are one object', row: spoilt({ targetResources: target }), ...readable },
    { shape: 'no targets', row: spoilt({ targetResources: [] }), ...readable },
    { shape: 'targets null', row: spoilt({ targetResources: null }), ...readable },
    {
      shape: 'a target without an id, with the name of who did it',
      row: spoilt({ targetResources: [{ ...target, id: null }] }),
      ...readable,
    },
    {
      shape: 'targets that are a text',
      row: spoilt({ targetResources: '[{"id":"x' }),
      ...missed,
    },
    {
      shape: 'targets that are a text, and nobody did it',
      row: spoilt({ targetResources: '[{"id":"x', initiatedBy: null }),
      ...ofAll,
    },
    {
      shape: 'a target without an id, and nobody did it',
      row: spoilt({ targetResources: [{ ...target, id: null }], initiatedBy: null }),
      ...ofAll,
    },
    {
      shape: 'a target whose id is a number',
      row: spoilt({ targetResources: [{ ...target, id: 7 }] }),
      ...missed,
    },
    { shape: 'a result that is a number', row: spoilt({ result: 0 }), ...missed },
    { shape: 'a reason that is an object', row: spoilt({ resultReason: {} }), ...missed },
    { shape: 'an initiator that is a text', row: spoilt({ initiatedBy: user }), ...missed },
    {
      shape: 'an initiating user that is a text',
      row: spoilt({ initiatedBy: { user } }),
      ...missed,
    },
    {
      shape: 'a changed property that is cut',
      row: spoilt({ targetResources: [{ ...target, modifiedProperties: [cut] }] }),
      ...missed,
    },
    {
      shape: 'changed properties that are a text',
      row: spoilt({ targetResources: [{ ...target, modifiedProperties: '[]' }] }),
      ...missed,
    },
    {
      shape: 'changed properties that are one object',
      row: spoilt({
        targetResources: [{ ...target, modifiedProperties: { ...cut, newValue: '[]' } }],
      }),
      ...readable,
    },
    {
      shape: 'names that are no text',
      row: spoilt({
        targetResources: [{ ...target, displayName: 1, userPrincipalName: {}, type: 3 }],
      }),
      ...readable,
    },
    {
      shape: 'fields of no use that are spoilt',
      row: spoilt({ category: {}, loggedByService: 3, operationType: [], correlationId: 0 }),
      ...readable,
    },
    { shape: 'no activity', row: spoilt({ activityDisplayName: null }), is: 'of unknown kind' },
    {
      shape: 'an activity that is an object',
      row: spoilt({ activityDisplayName: {} }),
      is: 'of unknown kind',
    },
  ];
}
