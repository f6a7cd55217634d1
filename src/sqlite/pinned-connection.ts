import Database from 'better-sqlite3';

/** Objects that must never be collected. */
const pinned: object[] = [];

/**
 * A connection that, with its statements, lives as long as the process. Node 24.21 aborts if V8 collects an object of the addon
 * while no JavaScript runs: the addon's base class (node_object_wrap.h) then needs an environment, and there is none.
 */
export class PinnedConnection extends Database {
  constructor(path: string, options: Database.Options = {}) {
    super(path, options);
    pinned.push(this);
  }

  override prepare<Bound extends unknown[] | object = unknown[], Result = unknown>(sql: string) {
    const statement = super.prepare<Bound, Result>(sql);
    pinned.push(statement);
    return statement;
  }

  /** Replaces the method of the base class, whose statement cannot be pinned. */
  override pragma(source: string, options: Database.PragmaOptions = {}): unknown {
    const statement = this.prepare<[], unknown>(`PRAGMA ${source}`);
    if (!statement.reader) return void statement.run();
    return options.simple === true ? statement.pluck().get() : statement.all();
  }
}
