import { ContainerError, sealContainer } from '../../../shared/adapters/blobs/seal-container';
import { memoryStores } from '../../fakes/memory-stores';
import type { ChainCopies } from '../../../shared/pipeline/ports/audit-trail';
import { verifyRecord } from '../../../shared/pipeline/audit-trail/verify';
import { startAzuriteBlobs, type AzuriteBlobs } from '../../fakes/azurite-blobs';
import { buildRecord } from '../../fakes/record';

jest.setTimeout(60_000);

const tenantId = 'de300000-0000-4000-8000-000000000001';
let azurite: AzuriteBlobs;
beforeAll(async () => {
  azurite = await startAzuriteBlobs();
});
afterAll(async () => {
  await azurite.stop();
});

const copiesIn = (container: URL): ChainCopies =>
  sealContainer({ container, tenantId, credential: undefined, fetch });

describe('the container of the seals', () => {
  it('takes each copy once, and gives it back', async () => {
    const copies = copiesIn(await azurite.container('once'));

    expect(await copies.read(1)).toBeUndefined();
    expect(await copies.put(1, '{"a":"é"}')).toBe(true);
    expect(await copies.put(1, '{"a":2}')).toBe(false);
    expect(await copies.put(2, '{}')).toBe(true);

    expect(await copies.read(1)).toBe('{"a":"é"}');
    expect(await copies.read(2)).toBe('{}');
  });

  it('lets verification notice a copy that was changed or removed', async () => {
    const container = await azurite.container('seals');
    const stores = memoryStores();
    const copies = copiesIn(container);
    await buildRecord(stores, copies);
    const evidence = { rows: stores.rows, copies };
    expect(await verifyRecord(evidence)).toMatchObject({ isSound: true, notes: [] });
    const blob = new URL(container);
    blob.pathname += `/${tenantId}/entry-000004.json`;
    const was = await (await fetch(blob)).text();
    const headers = { 'x-ms-blob-type': 'BlockBlob', 'x-ms-version': '2023-11-03' };

    await fetch(blob, { method: 'PUT', headers, body: was.replace('2026', '2027') });
    expect((await verifyRecord(evidence)).tamperings).toMatchObject([
      { what: 'changed', place: 'entry 4' },
    ]);
    await fetch(blob, { method: 'DELETE', headers });
    expect((await verifyRecord(evidence)).tamperings).toMatchObject([
      { what: 'removed', place: 'the copy of entry 4' },
    ]);
  });

  it('says what to do when it may not, and quotes no signature', async () => {
    const missing = new URL(await azurite.container('there'));
    missing.pathname = missing.pathname.replace('there', 'nowhere');
    const readOnly = copiesIn(await azurite.container('read-only', 'r'));
    const nobody = copiesIn(new URL('http://127.0.0.1:1/devstoreaccount1/x?sig=secret'));

    await expect(copiesIn(missing).put(1, '{}')).rejects.toThrow(ContainerError);
    await expect(readOnly.put(1, '{}')).rejects.toThrow(/Storage Blob Data Contributor/);
    await expect(nobody.read(1)).rejects.toThrow(/cannot be reached or nobody is signed in/);
    await expect(nobody.read(1)).rejects.not.toThrow(/secret/);
  });

  it('signs in with the identity of the app', async () => {
    const asked: string[] = [];
    const seen: Record<string, string>[] = [];
    const copies = sealContainer({
      container: new URL('https://account.blob.core.windows.net/seals'),
      tenantId,
      credential: {
        getToken: (scope) => {
          asked.push(String(scope));
          return Promise.resolve({ token: 'token', expiresOnTimestamp: 0 });
        },
      },
      fetch: (url, init) => {
        seen.push({ url: (url as URL).href, ...(init?.headers as Record<string, string>) });
        return Promise.resolve(new Response(null, { status: 201 }));
      },
    });

    await copies.put(7, '{}');

    expect(asked).toEqual(['https://storage.azure.com/.default']);
    expect(seen).toMatchObject([
      {
        url: `https://account.blob.core.windows.net/seals/${tenantId}/entry-000007.json`,
        ...{ Authorization: 'Bearer token', 'If-None-Match': '*', 'x-ms-blob-type': 'BlockBlob' },
      },
    ]);
  });
});
