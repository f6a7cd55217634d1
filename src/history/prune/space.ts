import type { Statements } from '../../sqlite/statements.ts';

/** Size of the database, in bytes. */
export interface Space {
  readonly file: number;
  /** Part of the file that is free for new rows. */
  readonly free: number;
}

export function spaceOf(statements: Statements): Space {
  const pragma = (name: string): number => Number(statements.value(`PRAGMA ${name}`));
  const pageSize = pragma('page_size');
  return { file: pageSize * pragma('page_count'), free: pageSize * pragma('freelist_count') };
}
