import { SourceError } from '../../pipeline/ports/record-source';
import { SECOND, type Duration, epochOf, type Instant } from '../../domain/time';

const NO_LICENCE = 'Authentication_RequestFromNonPremiumTenantOrB2CTenant';

/** What a refusal means, by status first: the codes in throttling bodies are not reliable. */
export async function refusal(response: Response, isFiltered: boolean): Promise<SourceError> {
  const { status } = response;
  const { code, message } = await errorBody(response);
  const said = `Graph answered ${status}${code === '' ? '' : ` (${code})`}`;
  if (status === 429) {
    return new SourceError(
      'throttled',
      `${said}: too many requests`,
      'Nothing: it is tried again.',
    );
  }
  if (status === 401) {
    return new SourceError(
      'signed-out',
      `${said}: the sign-in is missing or has expired`,
      'Locally run "az login --tenant <TENANT_ID>"; in Azure check the identity of the app.',
    );
  }
  if (status === 403 && code === NO_LICENCE) {
    return new SourceError(
      'unlicensed',
      `${said}: reading sign-ins needs Entra ID P1 or P2`,
      'Assign a P1 or P2 licence to the tenant. Seen in licensed tenants too: granting Directory.Read.All helped there.',
    );
  }
  if (status === 403) {
    return new SourceError(
      'denied',
      `${said}: the app may not read this log`,
      'Grant AuditLog.Read.All and Directory.Read.All to the app and consent as an administrator.',
    );
  }
  if (status === 404 && /tenant/i.test(`${code} ${message}`)) {
    return new SourceError('tenant-unknown', `${said}: the tenant is unknown`, 'Check TENANT_ID.');
  }
  if (status === 400 && isFiltered && /filter/i.test(message)) {
    return new SourceError(
      'filter-rejected',
      `${said}: Graph rejects the filter`,
      'Nothing: the log is read without a filter.',
    );
  }
  return new SourceError(
    status >= 500 || status === 408 ? 'unavailable' : 'bad-answer',
    said,
    'Nothing: it is tried again. If it goes on, look at the health of Microsoft Graph.',
    { status },
  );
}

/** How long the server asks to wait: seconds, also fractional, or a date. */
export function retryAfter(response: Response, now: Instant): Duration | undefined {
  const text = response.headers.get('Retry-After')?.trim();
  if (text === undefined || text === '') {
    return undefined;
  }
  const seconds = Number(text);
  const wait = Number.isNaN(seconds) ? Date.parse(text) - epochOf(now) : seconds * SECOND;
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

async function errorBody(response: Response): Promise<{ code: string; message: string }> {
  try {
    const { error } = (await response.json()) as { error?: { code?: unknown; message?: unknown } };
    const code = typeof error?.code === 'string' ? error.code : '';
    const message = typeof error?.message === 'string' ? error.message : '';
    return { code: /^[\w.]{1,80}$/.test(code) ? code : '', message };
  } catch {
    return { code: '', message: '' }; // the status says enough
  }
}
