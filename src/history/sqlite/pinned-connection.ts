import Database from 'better-sqlite3';

/** Objects that are never collected. */
const kept: object[] = [];

/**
 * A connection that lives as long as the process, with all its statements. Node 24.21 aborts when V8 collects an object of the addon
 * while no JavaScript runs: the addon's base class (node_object_wrap.h) then asks for an environment, and there is none.
 */
export class Connection extends Database {
  constructor(path: string, options: Database.Options) {
    super(path, options);
    kept.push(this);
  }

  override prepare<Bound extends unknown[] | object = unknown[], Result = unknown>(sql: string) {
    const statement = super.prepare<Bound, Result>(sql);
    kept.push(statement);
    return statement;
  }

  /** The base class makes a statement that nobody can keep. */
  override pragma(source: string, options: Database.PragmaOptions = {}): unknown {
    const statement = this.prepare<[], unknown>(`PRAGMA ${source}`);
    if (!statement.reader) return void statement.run();
    return options.simple === true ? statement.pluck().get() : statement.all();
  }
}
