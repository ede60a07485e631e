import { CrosscheckError } from '../../domain/errors';

/** The tables could not be used. The message says what failed, on which table, and what to do. */
export class StorageError extends CrosscheckError {
  override readonly name: string = 'StorageError';
  readonly table: string;
  readonly remedy: string;
  /** Nothing else will succeed either; false when only this row or this request is refused. */
  readonly isStorageGone: boolean = true;

  constructor(problem: string, table: string, remedy: string, cause?: unknown) {
    super(`${problem}; ${remedy}`, cause === undefined ? {} : { cause });
    this.table = table;
    this.remedy = remedy;
  }
}

/** A row that the service would refuse. The emulator takes most of them, so they are stopped before either. */
export class RowRefusedError extends StorageError {
  override readonly name = 'RowRefusedError';
  override readonly isStorageGone = false;

  constructor(problem: string, table: string, row: { partitionKey: string; rowKey: string }) {
    super(
      `the row ${row.partitionKey} ${row.rowKey} does not fit table ${table}: ${problem}`,
      table,
      'this is a fault of Crosscheck: please report it with this message',
    );
  }
}

/** A row that a newer version of Crosscheck has written: reading it by the words of today could lose what it says. */
export class NewerRowError extends StorageError {
  override readonly name = 'NewerRowError';
  override readonly isStorageGone = false;

  constructor(
    table: string,
    { partitionKey, rowKey }: { partitionKey: string; rowKey: string },
    version: number,
    current: number,
  ) {
    super(
      `the row ${table} ${partitionKey} ${rowKey} has format ${version}, and this version of Crosscheck knows formats up to ${current}`,
      table,
      'a newer version has written it: deploy that version again, or use its terminal',
    );
  }
}

/** The service refused one request: what it asked for is wrong, and others may succeed. */
export class RequestRefusedError extends StorageError {
  override readonly name = 'RequestRefusedError';
  override readonly isStorageGone = false;
}

/** Other writers were faster each time. */
export class ContentionError extends StorageError {
  override readonly name = 'ContentionError';
  override readonly isStorageGone = false;

  constructor(what: string, table: string) {
    super(
      `${what} in table ${table} kept changing while it was being written`,
      table,
      'nothing is lost, the next run tries again; check that not many runs overlap',
    );
  }
}
