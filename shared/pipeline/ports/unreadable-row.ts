import { CrosscheckError } from '../../domain/errors';

/** A row that somebody or something has spoilt. Whoever reads many rows leaves it out and goes on. */
export class UnreadableRowError extends CrosscheckError {
  override readonly name = 'UnreadableRowError';
  /** Of which finding, when it is the row of one. */
  readonly findingId: string | undefined;

  constructor(table: string, partitionKey: string, rowKey: string, findingId?: string) {
    // What the audit trail says cannot be derived; everything else can.
    const remedy = table === 'Findings' ? 'verify' : 'repair';
    super(`the row ${table} ${partitionKey} ${rowKey} cannot be read; run: crosscheck ${remedy}`);
    this.findingId = findingId;
  }
}

/**
 * Whether an error says that the storage itself cannot be used: then nothing else can be done either. Every other error
 * is a matter of the row or the timeline that it was met at, and the next one goes on.
 */
export function isStorageGone(error: unknown): boolean {
  return error instanceof Error && 'isStorageGone' in error && error.isStorageGone === true;
}

/** Told of each row that is left out. Without it such a row ends the reading with its `UnreadableRowError`. */
export type OnUnreadable = (error: UnreadableRowError) => void;
