import * as z from 'zod';

/** The body by which a browser or a program signs in. */
export const signInSchema = z.strictObject({
  token: z.string().max(200).meta({ description: 'the text after `#token=` in the link that `wf ui` prints' }),
});

export const sessionSchema = z.strictObject({
  signedIn: z.boolean(),
  csrf: z
    .string()
    .nullable()
    .meta({ description: 'the header `x-wf-csrf` of requests that change something; null unless signed in' }),
});

/** Whether the request is signed in. */
export type SessionRecord = z.output<typeof sessionSchema>;
