import type { Database, RunResult, Statement } from 'better-sqlite3';

/** Values of the named parameters of a statement. */
type Parameters = Readonly<Record<string, unknown>>;
/** One row by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>;

/** Runs SQL on one connection. Each text is prepared once, when it is first run. */
export class Statements {
  readonly #db: Database;
  readonly #prepared = new Map<string, Statement<[Parameters], Row>>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** Runs a statement that returns no rows. */
  run(sql: string, parameters: Parameters = {}): RunResult {
    return this.#prepare(sql).run(parameters);
  }

  /** Returns the first row; undefined if there is none. */
  row(sql: string, parameters: Parameters = {}): Row | undefined {
    return this.#prepare(sql).pluck(false).get(parameters);
  }

  rows(sql: string, parameters: Parameters = {}): readonly Row[] {
    return this.#prepare(sql).pluck(false).all(parameters);
  }

  /** Returns the first column of the first row; undefined if there is no row. */
  value(sql: string, parameters: Parameters = {}): unknown {
    return this.#prepare(sql).pluck().get(parameters);
  }

  /** Returns the first column of each row. */
  values(sql: string, parameters: Parameters = {}): readonly unknown[] {
    return this.#prepare(sql).pluck().all(parameters);
  }

  #prepare(sql: string): Statement<[Parameters], Row> {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare<[Parameters], Row>(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }
}
