import type { ErrorStatus } from '../../server/http-error.ts';

/** A status with which requests are refused, with a name for the document. */
interface Refusal {
  readonly status: ErrorStatus;
  readonly name: string;
  readonly description: string;
}

const REFUSALS: readonly Refusal[] = [
  { status: 400, name: 'BadRequest', description: 'The request does not match its schema.' },
  { status: 401, name: 'SignedOut', description: 'The request carries no valid cookie.' },
  {
    status: 403,
    name: 'Forbidden',
    description:
      'The request comes from another site, host or user; or it would change something, and this server is read-only.',
  },
  { status: 404, name: 'NotFound', description: 'The resource does not exist.' },
  { status: 409, name: 'Conflict', description: 'Something is in the way, such as a locked database.' },
  { status: 413, name: 'TooLarge', description: 'The body is too long.' },
  { status: 415, name: 'NoJson', description: 'The body is not JSON.' },
  { status: 422, name: 'Failed', description: 'The command has run, and failed.' },
  { status: 500, name: 'Defect', description: 'wf has a defect.' },
  {
    status: 503,
    name: 'Unavailable',
    description:
      'This machine cannot do it: the database is damaged or of a newer wf, the disk is full, too many pages are open.',
  },
];

const ALWAYS: readonly ErrorStatus[] = [400, 401, 403, 409, 500, 503];

/** Returns the refusals of an operation, as references to the components. */
export function refusalsOf(method: 'get' | 'post', path: string): Readonly<Record<string, unknown>> {
  const own: readonly ErrorStatus[] = [
    ...ALWAYS,
    ...(path.includes('{') ? [404 as const] : []),
    ...(method === 'post' ? ([413, 415, 422] as const) : []),
  ];
  return Object.fromEntries(
    REFUSALS.filter(({ status }) => own.includes(status)).map(({ status, name }) => [
      String(status),
      { $ref: `#/components/responses/${name}` },
    ]),
  );
}

/** Returns the components to which they refer. @param schema of an error */
export function refusalComponents(schema: unknown): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    REFUSALS.map(({ name, description }) => [name, { description, content: { 'application/json': { schema } } }]),
  );
}

/** The table of the documentation. */
export const REFUSAL_ROWS: readonly (readonly [status: string, meaning: string])[] = REFUSALS.map(
  ({ status, description }) => [String(status), description],
);
