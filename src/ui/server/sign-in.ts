import * as z from 'zod';

/** The body by which a browser or a program signs in. */
export const signInSchema = z.strictObject({
  token: z.string().max(200).meta({ description: 'what follows `#token=` in the link that `wf ui` prints' }),
});

/** Whether the request comes from somebody who is signed in. */
export const sessionSchema = z.strictObject({ signedIn: z.boolean() });
