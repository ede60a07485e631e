/** Full-width sign-ins as Graph sends them, about 2 KB each; every `every`-th is one that yields a signal. */
export function signInPage(page: number, size: number, every: number): string {
  const rows = Array.from({ length: size }, (_, i) => signIn(page * size + i, every));
  return `{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#auditLogs/signIns","value":[${rows.join(',')}]}`;
}

/** One row as JSON text. */
export function signIn(n: number, every: number): string {
  const isHit = n % every === 0;
  // A month of sign-ins of 1,000 people.
  const at = new Date(Date.UTC(2026, 0, 1) + ((n * 2_477) % 2_592_000) * 1_000).toISOString();
  const user = `00000000-0000-4000-8000-${String((n * 7) % 1_000).padStart(12, '0')}`;
  return JSON.stringify({
    id: `${n.toString(16).padStart(8, '0')}-3015-496e-9715-1882316c7301`,
    createdDateTime: at.replace('Z', '1234Z'),
    userDisplayName: `User Number ${n % 1_000}`,
    userPrincipalName: `user${n % 1_000}@example.com`,
    userId: user,
    appId: '00000002-0000-0ff1-ce00-000000000000',
    appDisplayName: 'Office 365 Exchange Online',
    ipAddress: `198.51.100.${n % 250}`,
    clientAppUsed: isHit ? 'Exchange ActiveSync' : 'Browser',
    userAgent:
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36',
    correlationId: `af236446-b0f4-47e5-9b00-${n.toString(16).padStart(12, '0')}`,
    conditionalAccessStatus: isHit ? 'failure' : 'success',
    originalRequestId: '',
    isInteractive: true,
    tokenIssuerName: '',
    tokenIssuerType: 'AzureAD',
    processingTimeInMilliseconds: 118,
    riskDetail: 'none',
    riskLevelAggregated: 'none',
    riskLevelDuringSignIn: 'none',
    riskState: 'none',
    riskEventTypes: [],
    riskEventTypes_v2: [],
    resourceDisplayName: 'Office 365 Exchange Online',
    resourceId: '00000002-0000-0ff1-ce00-000000000000',
    resourceTenantId: '00000000-0000-4000-8000-000000000001',
    homeTenantId: '00000000-0000-4000-8000-000000000001',
    servicePrincipalName: null,
    servicePrincipalId: '',
    status: { errorCode: 0, failureReason: 'Other.', additionalDetails: null },
    deviceDetail: {
      deviceId: '',
      displayName: '',
      operatingSystem: isHit ? 'Android' : 'Windows 10',
      browser: 'Chrome 128.0.0',
      isCompliant: false,
      isManaged: false,
      trustType: '',
    },
    location: {
      city: 'El Progreso',
      state: 'Yoro',
      countryOrRegion: 'HN',
      geoCoordinates: { altitude: null, latitude: 15.4, longitude: -87.8 },
    },
    appliedConditionalAccessPolicies: [
      {
        id: 'de7e60eb-ed89-4d73-8205-2227def6b7c9',
        displayName: 'Block ActiveSync',
        enforcedGrantControls: ['block'],
        enforcedSessionControls: [],
        result: isHit ? 'failure' : 'notApplied',
      },
      {
        id: '6701123a-b4c6-48af-8565-565c8bf7cabc',
        displayName: 'Require MFA for everybody',
        enforcedGrantControls: ['mfa'],
        enforcedSessionControls: [],
        result: isHit ? 'notApplied' : 'success',
      },
    ],
  });
}
