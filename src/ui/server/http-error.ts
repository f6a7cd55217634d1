import type { ErrorRecord, WfError } from '../../engine/model/errors.ts';

/** The statuses of refused requests. */
export type ErrorStatus = 400 | 401 | 403 | 404 | 409 | 413 | 415 | 422 | 500 | 503;

/** A request that the server refuses, before anything is done. */
export class RefusedRequest extends Error {
  readonly status: ErrorStatus;
  readonly record: ErrorRecord;

  constructor(status: ErrorStatus, code: 'E_FORBIDDEN' | 'E_SIGNED_OUT' | 'E_USAGE', message: string, hint: string) {
    super(message);
    this.status = status;
    this.record = { code, message, hint };
  }
}

/** Returns the HTTP status of an error of wf, by the meaning of its exit code. */
export function statusOfError(error: WfError): ErrorStatus {
  if (error.code.endsWith('_NOT_FOUND')) return 404;
  switch (error.exitCode) {
    case 2:
      return 400;
    case 3:
      return 503;
    case 4:
      return 409;
    case 1:
      return error.code === 'E_INTERNAL' ? 500 : 422;
    default:
      return 500;
  }
}
